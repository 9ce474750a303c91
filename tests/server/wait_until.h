/// Waits for what another thread brings about.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace tuckerseg {

/// Longest wait for something that has to happen: reached only by a test that fails.
inline constexpr std::chrono::seconds kLimit{60};

/// True as soon as `condition` holds; false if it still does not after kLimit.
inline bool WaitUntil(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace tuckerseg
