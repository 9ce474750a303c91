#include "server/schedule/idle_heap.h"

#include <malloc.h>

#include <utility>

namespace tuckerseg {
namespace {

IdleHeapOptions WithMalloc(IdleHeapOptions options) {
  if (!options.free_bytes) options.free_bytes = [] { return static_cast<int64_t>(mallinfo2().fordblks); };
  if (!options.give_back) options.give_back = [] { malloc_trim(0); };
  return options;
}

}  // namespace

IdleHeap::IdleHeap(IdleHeapOptions options)
    : options_(WithMalloc(std::move(options))), watcher_([this](const std::stop_token& stop) { Watch(stop); }) {}

void IdleHeap::Begin() {
  const std::lock_guard lock(mutex_);
  ++uses_;
  ++begun_;
  used_ = true;
  changed_.notify_all();
}

void IdleHeap::End() {
  if (options_.free_bytes() > options_.most_kept_bytes) options_.give_back();
  const std::lock_guard lock(mutex_);
  --uses_;
  changed_.notify_all();
}

void IdleHeap::Watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // wait() says what its condition says, also when it was stopped.
  while (changed_.wait(lock, stop, [this] { return used_ && uses_ == 0; }) && !stop.stop_requested()) {
    const int64_t begun = begun_;
    const bool used_again = changed_.wait_for(lock, stop, options_.idle, [this, begun] { return begun_ != begun; });
    if (used_again || stop.stop_requested()) continue;
    used_ = false;
    lock.unlock();
    options_.give_back();
    lock.lock();
  }
}

}  // namespace tuckerseg
