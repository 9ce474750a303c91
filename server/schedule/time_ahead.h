/// Times that lie ahead, as far as anybody asks.
#pragma once

#include <algorithm>
#include <chrono>

namespace tuckerseg {

/// Seconds: three years, far within what the clock can hold.
inline constexpr double kLongestAhead = 1e8;

/// So many seconds, at most kLongestAhead, behind `from`.
inline std::chrono::steady_clock::time_point TimeAhead(double seconds, std::chrono::steady_clock::time_point from = std::chrono::steady_clock::now()) {
  return from + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(std::min(seconds, kLongestAhead)));
}

}  // namespace tuckerseg
