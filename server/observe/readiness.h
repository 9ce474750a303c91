/// Whether a server takes calls, and why not where it does not.
#pragma once

#include <mutex>
#include <optional>
#include <string>

namespace tuckerseg {

/// Thread-safe.
class Readiness {
 public:
  /// `what` is being done before calls are taken: "loading models".
  void Starting(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (!draining_) reason_ = "starting: " + what;
  }
  /// No calls can be served for now: "no models: ...".
  void NotReady(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (!draining_) reason_ = reason;
  }
  void Ready() {
    const std::lock_guard lock(mutex_);
    if (!draining_) reason_.reset();
  }
  /// For good: a server that stops takes no calls again.
  void Draining() {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    reason_ = "draining: running requests are finished, new ones should go elsewhere";
  }

  /// Why no calls are taken; nothing: they are.
  std::optional<std::string> Reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<std::string> reason_ = "starting";
  bool draining_ = false;
};

}  // namespace tuckerseg
