/// A clock that a test moves on by hand.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "server/serve/stall_watch.h"

namespace tuckerseg {

/// Thread-safe.
class HandClock {
 public:
  /// The clock must outlive it.
  StallWatch::Now now() {
    return [this] { return StallWatch::Clock::time_point(std::chrono::seconds(seconds_.load())); };
  }
  void Pass(int64_t seconds) { seconds_ += seconds; }

 private:
  std::atomic<int64_t> seconds_ = 1000;
};

}  // namespace tuckerseg
