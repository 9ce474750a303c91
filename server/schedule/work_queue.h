/// The one bounded queue in front of a device, and the workers that empty it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "server/schedule/device_order.h"
#include "server/schedule/expected_returns.h"
#include "server/schedule/fair_order.h"

namespace tuckerseg {

/// What is done for a request. Networks run on the device between `device.Enter(stop)` and `device.Leave()` alone; however the work ends, the device is another's by then.
using DeviceWork = std::function<void(std::stop_token stop, DeviceGate& device)>;

/// What decides when a piece of work runs.
struct Turn {
  using Clock = std::chrono::steady_clock;

  int priority = 0;
  std::string client = {};  ///< whose work it is: clients of one priority share the device's time
  double foretold_s = 0;    ///< how long it will take
  /// How long it takes at least: of the fastest level that it may still step down to. None: `foretold_s`.
  std::optional<double> least_s = {};
  /// By when it must have ended; none: it has promised no time.
  std::optional<Clock::time_point> ends_by = {};
  /// Of work that has promised no time: behind all of its client's and its priority that have, rather than to be refused for want of time that they could spare.
  bool gives_way = false;
  /// A promise is kept where all that is foretold may take so many times as long: at least 1.
  double slower = 1;
  Clock::time_point came_at = Clock::now();  ///< since when it waits

  double least() const { return least_s.value_or(foretold_s); }
};

/// What there is for work that came now, if all that waits stepped down as far as it may.
struct QueueRoom {
  double before_s = 0;  ///< until it would begin
  /// The longest that it may be foretold to take, so that all that waits behind it keeps its promise; infinite where nothing has promised a time. Promises that are lost whatever it takes do not count.
  double most_s = 0;
};

/// Called once, when the turn of a piece of work has come: it may take `most_s` as foretold, so that it and all that waits or is expected and is as urgent can keep their promises (less than it takes
/// at least where they cannot). Gives the seconds that it is foretold to take. Called with the queue locked: must not call the queue, nor wait. Where it throws, what was foretold stays.
using SettleTurn = std::function<double(double most_s)>;

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

  DeviceWork work_;
  SettleTurn settle_;
  Turn turn_;
  int began_as_ = 0;               // the priority that it had risen to when it began; guarded by the queue's mutex
  Turn::Clock::time_point due_{};  // what a client's own work is ordered by
  std::chrono::steady_clock::time_point first_since_{};  // that no running work began before it; guarded by the queue's mutex
  int64_t position_ = 0;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  State state_ = State::kWaiting;
  std::exception_ptr error_;
};

/// Begins work in the order of its places (FairOrder): higher priority first, and of one priority so that clients get equal shares of the device's time. A client's own work is due in the order of its
/// promises; what has promised no time by kPatience. What more urgent work goes before for long is taken for more urgent itself, by and by: what has a place runs, however much comes (PriorityNow()).
/// Of its places, of work that waits and that runs, one client may be given no more than a share, so that others find one: what has a place keeps it, whoever comes.
/// One piece of work runs at a time, or several, of which one has the device: while its networks run the next is prepared, or the one before finished. What has begun keeps its
/// place before all that comes later, more urgent work included.
/// Thread-safe.
class WorkQueue {
 public:
  /// `capacity`: pieces of work that may wait or run. `at_once`: that may run at the same time, at least 1. `client_share`: of the capacity, that one client's may be
  /// (PlacesOfOneClient); 1: any client may fill the queue.
  explicit WorkQueue(int64_t capacity, int at_once = 1, double client_share = 1);
  ~WorkQueue() { Stop(); }

  /// Stops the running work, drops what waits, joins the workers; takes no work from then on. For one thread, and not from within work.
  void Stop();

  /// Errors: kResourceExhausted with a time to try again if the queue is full, or its client holds all its places; kUnavailable once it was stopped.
  std::shared_ptr<Ticket> Submit(Turn turn, DeviceWork work, SettleTurn settle = {});

  /// What has promised no time is ordered as if it had promised to end by when so large a share of a full queue of usual work would have run: long enough for short promises to go first, short enough that it
  /// does not fill the queue while others go before it.
  static constexpr double kPatience = 0.5;

  /// `turn`'s work was turned away because of what waits, and is expected again within `within_s`. Until then, or until nothing waits any more, whoever begins while others wait, and would not go before it by right,
  /// is settled to take the least that it can: it is likelier to find room then.
  void ExpectAgain(const Turn& turn, double within_s);

  /// Between these two nothing that waits begins: what RoomFor() has said stays true until what was admitted by it is submitted. In pairs, which may overlap; for moments, as the device stands idle.
  void HoldTurns();
  void ReleaseTurns();

  /// Takes waiting work out of the queue; asks running work to stop. What the work has captured is let go of once it has ended.
  void Cancel(const std::shared_ptr<Ticket>& ticket);

  /// Until work of this turn would begin if it came now and nothing came after it: what is foretold to be left of the running work, and all that waits and goes first. Where
  /// several run at a time it begins sooner, and ends no later than if it began then: what overlaps is not taken off.
  double SecondsBefore(const Turn& turn) const;
  /// What decides whether work of this turn can be taken. Of promises those of its client and its priority count: what is more urgent, or of a client that has had
  /// less, goes before others by right, whatever they have been promised.
  QueueRoom RoomFor(const Turn& turn) const;
  int64_t depth() const;    ///< waiting
  /// Waiting, by priority; those that nothing of waits are left out.
  std::map<int, int64_t> Waiting() const;
  bool full() const;
  /// How many places this client may hold, where it holds them all; none: it may have one more. None, too, where one client's places are the queue's: it is full() then.
  std::optional<int64_t> PlacesHeldBy(const std::string& client) const;
  int64_t running() const;  ///< begun, and not ended
  int64_t capacity() const { return capacity_; }

 private:
  using Place = FairOrder::Place;  // its index is that in waiting_

  // With the mutex:
  /// Its own, and one more for each time that a full queue of usual work would have run since it came; but at most that of the `most_urgent` that waits, before which nothing goes for having waited.
  int PriorityNow(const Turn& turn, int most_urgent, Turn::Clock::time_point now) const;
  /// Of what waits, and of the newcomer behind its end, if there is one.
  std::vector<Place> PlacesInOrder(const Turn* newcomer = nullptr) const;
  Turn::Clock::time_point DueOf(const Turn& turn) const;  // if it came now
  double LeftOfRunning() const;
  /// RoomFor() of what stands at `index` among these places and takes `least_s` at least; of the promises those that count.
  QueueRoom RoomAt(const std::vector<Place>& places, size_t index, double least_s, const std::function<bool(const Turn&)>& counts) const;
  std::shared_ptr<Ticket> TakeNext();
  std::shared_ptr<Ticket> TakeNextOrOldest() noexcept;
  void Settle(Ticket& ticket, const std::vector<Place>& places);
  /// Where nothing of this priority waits or runs any more.
  void EndBusyTime(int priority);
  /// Whether one is expected that would go before this work, or in turn with it.
  bool IsAnyoneExpectedBefore(const Turn& turn);
  int64_t Held() const;
  bool HoldsItsPlaces(const std::string& client) const;
  void Begin(const std::shared_ptr<Ticket>& ticket);
  void Forget(const std::shared_ptr<Ticket>& ticket);  // it has ended

  void Work(const std::stop_token& stop);
  static void End(Ticket& ticket, std::exception_ptr error);

  const int64_t capacity_;
  const int64_t client_capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::shared_ptr<Ticket>> waiting_;  // in the order of arrival
  std::vector<std::shared_ptr<Ticket>> running_;  // in the order in which they began
  DeviceOrder order_;  // of those on the device
  FairOrder fair_order_;  // of those that wait
  ExpectedReturns expected_;
  int holds_ = 0;  // of turns
  double usual_s_ = 0;  // foretold of what was submitted, the newest with a tenth of the weight
  bool stopped_ = false;
  std::vector<std::jthread> workers_;  // last: they start when everything else is there
};

}  // namespace tuckerseg
