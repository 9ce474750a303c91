#include "server/schedule/idle_heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace tuckerseg {
namespace {

/// Of which the system takes advice.
char* PageOf(char* place) { return place - reinterpret_cast<uintptr_t>(place) % static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)); }

/// Where the heap begins: nothing large has been taken from it when this is set.
char* const kHeapBegin = static_cast<char*>(sbrk(0));

/// Volumes and sums of patches ask the system for pages of 2 MiB where they lie (engine/huge_pages.h). Once those have been given back, the next small thing that comes to lie there, a page of metrics say, would
/// take 2 MiB again, and nobody would give them back before the next request has ended: up to a twentieth of an idle server's memory. Large buffers ask anew.
void ForgetHugePages() {
  char* const first_page = PageOf(kHeapBegin);
  const auto end = static_cast<char*>(sbrk(0));
  madvise(first_page, static_cast<size_t>(end - first_page), MADV_NOHUGEPAGE);  // advice: what it answers changes nothing
}

IdleHeapOptions WithMalloc(IdleHeapOptions options) {
  if (!options.free_bytes) options.free_bytes = [] { return static_cast<int64_t>(mallinfo2().fordblks); };
  if (!options.give_back) {
    options.give_back = [] {
      malloc_trim(0);
      ForgetHugePages();
    };
  }
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
  while (changed_.wait(lock, stop, [this] { return used_; }) && !stop.stop_requested()) {
    AwaitTime(lock, stop, std::chrono::steady_clock::now() + options_.longest_kept);
    if (stop.stop_requested()) return;
    used_ = uses_ > 0;  // what lasts will leave more to give
    lock.unlock();
    options_.give_back();
    lock.lock();
  }
}

void IdleHeap::AwaitTime(std::unique_lock<std::mutex>& lock, const std::stop_token& stop, std::chrono::steady_clock::time_point latest) {
  using Clock = std::chrono::steady_clock;
  while (!stop.stop_requested() && Clock::now() < latest) {
    if (uses_ > 0) {
      changed_.wait_until(lock, stop, latest, [this] { return uses_ == 0; });
      continue;
    }
    const int64_t begun = begun_;
    const bool used_again = changed_.wait_until(lock, stop, std::min(latest, Clock::now() + Clock::duration(options_.idle)), [this, begun] { return begun_ != begun; });
    if (!used_again) return;
  }
}

}  // namespace tuckerseg
