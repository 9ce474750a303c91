/// What a server says of itself, while it has something to say: pages are there before its parts are built and after they have gone.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "server/observe/server_status.h"

namespace tuckerseg {

/// Thread-safe.
class LiveStatus {
 public:
  using Look = std::function<ServerStatus()>;

  /// While this lives, the status is what its look says.
  class Shown {
   public:
    ~Shown() { live_.Take({}); }
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;

   private:
    friend class LiveStatus;
    explicit Shown(LiveStatus& live) : live_(live) {}
    LiveStatus& live_;
  };

  /// `look` is called from any thread until the scope ends, which waits for a call that runs: what it uses must live until then.
  [[nodiscard]] Shown Show(Look look) {
    Take(std::move(look));
    return Shown(*this);
  }

  /// Nothing where nobody shows any.
  std::optional<ServerStatus> Now() const {
    const std::lock_guard lock(mutex_);
    return look_ ? std::optional(look_()) : std::nullopt;
  }

 private:
  void Take(Look look) {
    const std::lock_guard lock(mutex_);
    look_ = std::move(look);
  }

  mutable std::mutex mutex_;  // held while a look runs
  Look look_;
};

}  // namespace tuckerseg
