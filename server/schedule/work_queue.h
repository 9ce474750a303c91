/// The one bounded queue in front of a device, and the worker that empties it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

namespace tuckerseg {

/// A piece of work in the queue. Shared by the queue and the request that waits for it.
class Ticket {
 public:
  /// Waits until the work has ended (done, failed, or taken out of the queue), at most `timeout`. True if it has ended.
  bool WaitFor(std::chrono::milliseconds timeout);
  /// Throws what the work threw; kCancelled if it never ran. Only after it has ended.
  void Rethrow() const;
  bool started() const;
  /// Pieces of work that ran or waited before this one when it was submitted.
  int64_t position() const { return position_; }

 private:
  friend class WorkQueue;
  enum class State { kWaiting, kRunning, kEnded };

  std::function<void(std::stop_token)> work_;
  int priority_ = 0;
  double foretold_s_ = 0;
  std::chrono::steady_clock::time_point started_at_{};  // guarded by the queue's mutex
  int64_t number_ = 0;
  int64_t position_ = 0;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  State state_ = State::kWaiting;
  std::exception_ptr error_;
};

/// Runs one piece of work at a time: higher priority first, then in the order of arrival. Thread-safe.
class WorkQueue {
 public:
  /// `capacity`: pieces of work that may wait or run.
  explicit WorkQueue(int64_t capacity);
  ~WorkQueue() { Stop(); }

  /// Stops the running work, drops what waits, joins the worker; takes no work from then on. For one thread, and not from within work.
  void Stop();

  /// `foretold_s`: how long the work will take, for those that come after it.
  /// Errors: kResourceExhausted with a time to try again if the queue is full; kUnavailable once it was stopped.
  std::shared_ptr<Ticket> Submit(int priority, std::function<void(std::stop_token)> work, double foretold_s = 0);

  /// Takes waiting work out of the queue; asks running work to stop. What the work has captured is let go of once it has ended.
  void Cancel(const std::shared_ptr<Ticket>& ticket);

  /// Until work of this priority would begin if it came now: what is foretold to be left of the running work, and all that waits and goes first.
  double SecondsBefore(int priority) const;
  int64_t depth() const;    ///< waiting
  /// Waiting, by priority; those that nothing of waits are left out.
  std::map<int, int64_t> Waiting() const;
  bool full() const;
  bool running() const;
  int64_t capacity() const { return capacity_; }

 private:
  struct Order {
    bool operator()(const std::shared_ptr<Ticket>& a, const std::shared_ptr<Ticket>& b) const;
  };
  void Work(const std::stop_token& stop);
  int64_t Held() const;  // with the mutex
  static void End(Ticket& ticket, std::exception_ptr error);

  const int64_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::shared_ptr<Ticket>, Order> waiting_;
  std::shared_ptr<Ticket> running_;
  int64_t next_number_ = 0;
  bool stopped_ = false;
  std::jthread worker_;  // last: it starts when everything else is there
};

}  // namespace tuckerseg
