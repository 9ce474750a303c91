/// Cancels calls at moments that were settled before.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace tuckerseg::load {

/// One thread for all of them. Thread-safe.
class CancelTimer {
 public:
  using Clock = std::chrono::steady_clock;

  CancelTimer() : watcher_([this](const std::stop_token& stop) { Watch(stop); }) {}

  /// A settled moment; forgotten at the end of its scope. Must not outlive the timer.
  class Entry {
   public:
    Entry(CancelTimer& timer, Clock::time_point at, std::stop_source source) : timer_(timer), key_(timer.Add(at, std::move(source))) {}
    ~Entry() { timer_.Forget(key_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    CancelTimer& timer_;
    const std::pair<Clock::time_point, int64_t> key_;
  };

 private:
  using Key = std::pair<Clock::time_point, int64_t>;
  Key Add(Clock::time_point at, std::stop_source source);
  void Forget(const Key& key);
  void Watch(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Key, std::stop_source> waiting_;
  int64_t next_number_ = 0;
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace tuckerseg::load
