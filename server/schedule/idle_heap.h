/// Gives the heap's free memory back to the system once the server is idle, and now and then where it never is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace tuckerseg {

struct IdleHeapOptions {
  /// Requests that follow one another within it find the buffers of the last one; a batch leaves gaps of a second or two.
  std::chrono::milliseconds idle = std::chrono::seconds(10);
  /// Kept no longer than this, however busy the server is. Else what a rare crowd of requests has needed, and what lies between pieces that live on, is never given back: in half an hour above its
  /// capacity the process grew by 16 MiB, in two steps. To touch it all again costs a tenth of a second, and whoever needs memory waits while it is given back. Above 0.
  std::chrono::milliseconds longest_kept = std::chrono::minutes(1);
  /// More than this is given back at every end of a use: what one large volume needed is not kept for the small ones behind it.
  int64_t most_kept_bytes = int64_t{2} << 30;
  /// What malloc has free, and how to give it back. Called from any thread; must not throw.
  std::function<int64_t()> free_bytes;
  std::function<void()> give_back;
};

/// Between requests that follow one another the heap keeps the buffers of the last one: the system's memory costs a page fault where it is touched
/// first, and a request touches hundreds of megabytes. Thread-safe.
class IdleHeap {
 public:
  /// Options that name no functions get malloc's.
  explicit IdleHeap(IdleHeapOptions options = {});

  /// Gives back at once what is free, for the end of something large that nobody will need again soon: a level that was unloaded by name. Running requests then
  /// take what they need from the system once more.
  void GiveBack() const { options_.give_back(); }

  /// The server is not idle while one of these lives.
  class Use {
   public:
    explicit Use(IdleHeap& heap) : heap_(heap) { heap_.Begin(); }
    ~Use() { heap_.End(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    IdleHeap& heap_;
  };

 private:
  void Begin();
  void End();
  void Watch(const std::stop_token& stop);
  /// Returns when the server has been idle for long enough, `latest` has come, or it is to stop.
  void AwaitTime(std::unique_lock<std::mutex>& lock, const std::stop_token& stop, std::chrono::steady_clock::time_point latest);

  IdleHeapOptions options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int64_t uses_ = 0;
  int64_t begun_ = 0;     // uses so far: tells an idle time with a short use in it from one without
  bool used_ = false;     // since memory was given back
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace tuckerseg
