/// How long ago something was.
#pragma once

#include <chrono>

namespace tuckerseg {

/// Of the clock that only goes on.
inline double SecondsSince(std::chrono::steady_clock::time_point begin) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }

}  // namespace tuckerseg
