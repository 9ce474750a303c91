#include "server/schedule/idle_heap.h"

#include <malloc.h>

#include <utility>

namespace tuckerseg {

IdleHeap::IdleHeap(std::chrono::milliseconds idle, std::function<void()> give_back)
    : idle_(idle), give_back_(std::move(give_back)), watcher_([this](const std::stop_token& stop) { Watch(stop); }) {}

void IdleHeap::GiveBackFreeMemory() { malloc_trim(0); }

void IdleHeap::Begin() {
  const std::lock_guard lock(mutex_);
  ++uses_;
  ++begun_;
  used_ = true;
  changed_.notify_all();
}

void IdleHeap::End() {
  const std::lock_guard lock(mutex_);
  --uses_;
  changed_.notify_all();
}

void IdleHeap::Watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // wait() says what its condition says, also when it was stopped.
  while (changed_.wait(lock, stop, [this] { return used_ && uses_ == 0; }) && !stop.stop_requested()) {
    const int64_t begun = begun_;
    const bool used_again = changed_.wait_for(lock, stop, idle_, [this, begun] { return begun_ != begun; });
    if (used_again || stop.stop_requested()) continue;
    used_ = false;
    lock.unlock();
    give_back_();
    lock.lock();
  }
}

}  // namespace tuckerseg
