/// How much memory this process has resident now.
#pragma once

#include <cstdint>

namespace tuckerseg {

/// Bytes, from /proc/self/statm; 0 where that cannot be read.
int64_t ResidentBytes();

}  // namespace tuckerseg
