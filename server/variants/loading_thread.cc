#include "server/variants/loading_thread.h"

#include <utility>

namespace tuckerseg {

LoadingThread::LoadingThread() : thread_([this](const std::stop_token& stop) { Work(stop); }) {}

void LoadingThread::Run(const std::function<void()>& work) {
  std::packaged_task<void()> task(work);
  std::future<void> end = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  end.get();
}

void LoadingThread::Work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    std::packaged_task<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace tuckerseg
