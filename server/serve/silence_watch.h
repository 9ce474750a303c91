/// Ends calls whose clients neither send nor read for too long: the stream, the memory and the place that they hold are wanted by others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace grpc {
class ServerContextBase;
}

namespace tuckerseg {

/// gRPC's pings find clients that have gone, not those that stand still: a program that hangs answers them. Thread-safe.
class SilenceWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// `most`: the longest wait for a client; 0: for ever.
  explicit SilenceWatch(std::chrono::duration<double> most);

  /// While one of these lives its call waits for its client: for one message to come, or for one to be taken. Past the longest wait the call is cancelled.
  class Wait {
   public:
    /// `watch` and `context` must outlive it.
    Wait(SilenceWatch& watch, const grpc::ServerContextBase& context);
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    /// Errors: kDeadlineExceeded if the call was cancelled for it.
    void ThrowIfTooLong() const;

   private:
    friend class SilenceWatch;
    SilenceWatch& watch_;
    const grpc::ServerContextBase& context_;
    // With the watch's mutex:
    Clock::time_point end_{};
    std::optional<std::list<Wait*>::iterator> place_;  // among those that wait
    bool too_long_ = false;
  };

 private:
  void Watch(const std::stop_token& stop);

  const std::chrono::duration<double> most_;
  std::mutex mutex_;
  std::condition_variable_any begun_;
  std::list<Wait*> waits_;  // the one that began first in front: all have the same time
  bool resting_ = false;    // the watcher, until one begins; else it looks by itself
  std::jthread watcher_;    // last: it uses the others
};

}  // namespace tuckerseg
