/// A place where a thread of the server waits until a test lets it go on.
#pragma once

#include <condition_variable>
#include <mutex>

#include "tests/server/wait_until.h"

namespace tuckerseg {

/// Allocates nothing: threads may be held within an allocation. Thread-safe.
class Hold {
 public:
  /// For the thread that is held.
  void Wait() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return released_; });
  }

  /// True once a thread waits here, or has waited.
  bool IsReached() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLimit, [this] { return reached_; });
  }

  /// Lets it go on, and all that come later.
  void Release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  bool released_ = false;
};

}  // namespace tuckerseg
