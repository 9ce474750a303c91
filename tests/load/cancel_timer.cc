#include "tests/load/cancel_timer.h"

namespace tuckerseg::load {

CancelTimer::Key CancelTimer::Add(Clock::time_point at, std::stop_source source) {
  const std::lock_guard lock(mutex_);
  const Key key{at, next_number_++};
  waiting_.emplace(key, std::move(source));
  changed_.notify_all();
  return key;
}

void CancelTimer::Forget(const Key& key) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(key);
}

void CancelTimer::Watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // wait() says what its condition says, also when it was stopped.
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) && !stop.stop_requested()) {
    const Clock::time_point next = waiting_.begin()->first.first;
    if (Clock::now() < next) {
      changed_.wait_until(lock, stop, next, [&] { return waiting_.empty() || waiting_.begin()->first.first < next; });
      continue;
    }
    std::stop_source source = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    lock.unlock();  // what the stop calls must not find the timer locked
    source.request_stop();
    lock.lock();
  }
}

}  // namespace tuckerseg::load
