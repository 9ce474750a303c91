/// The one thread on which a device's levels are loaded and warmed up.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <stop_token>
#include <thread>

namespace tuckerseg {

/// LibTorch and oneDNN keep buffers, and OpenMP a team of threads, for each thread that has ever run a network. gRPC's come and go with the calls: levels that were loaded on them, each time on
/// another one, left the server 10 to 20 % larger.
class LoadingThread {
 public:
  LoadingThread();
  LoadingThread(const LoadingThread&) = delete;
  LoadingThread& operator=(const LoadingThread&) = delete;

  /// Runs `work` on the thread, behind what others have brought, and returns when it has ended. Throws what it throws. Thread-safe; not from within `work`.
  void Run(const std::function<void()>& work);

 private:
  void Work(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::packaged_task<void()>> waiting_;
  std::jthread thread_;
};

}  // namespace tuckerseg
