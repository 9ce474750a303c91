/// Gives the heap's free memory back to the system once the server is idle.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace tuckerseg {

/// Between requests that follow one another the heap keeps the buffers of the last one: had from the system anew, touching them costs a
/// request up to 5 % of its time. An idle server holds its weights alone. Thread-safe.
class IdleHeap {
 public:
  /// `give_back` is called once `idle` has passed since the last use ended, on a thread of this object, and must not throw.
  /// The default gives back what malloc has free.
  explicit IdleHeap(std::chrono::milliseconds idle, std::function<void()> give_back = GiveBackFreeMemory);

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
  static void GiveBackFreeMemory();
  void Begin();
  void End();
  void Watch(const std::stop_token& stop);

  std::chrono::milliseconds idle_;
  std::function<void()> give_back_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  int64_t uses_ = 0;
  int64_t begun_ = 0;    // uses so far: tells an idle time with a short use in it from one without
  bool used_ = false;    // since memory was given back
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace tuckerseg
