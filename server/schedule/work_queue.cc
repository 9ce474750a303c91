#include "server/schedule/work_queue.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "engine/error.h"
#include "server/client_share.h"
#include "server/schedule/time_ahead.h"
#include "server/stopping_error.h"

namespace tuckerseg {
namespace {

/// Who goes before takes all the time that what waits can spare, and its forecast's error adds to those of what waits: the margin is so many times that of work alone.
constexpr double kBehindOthers = 2;
constexpr double kNewest = 0.1;
constexpr double kTryAgain_s = 5;
/// Of a full queue of usual work, where that takes less: nobody who waits so short a time has been forgotten.
constexpr double kLeastQueue_s = 10;
constexpr double kNever = std::numeric_limits<double>::infinity();

/// Until the promise would be broken; infinite without one.
double SecondsToPromise(const Turn& turn, Turn::Clock::time_point now) {
  return turn.ends_by ? std::chrono::duration<double>(*turn.ends_by - now).count() : kNever;
}

}  // namespace

bool Ticket::WaitFor(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, timeout, [this] { return state_ == State::kEnded; });
}

void Ticket::Rethrow() const {
  const std::lock_guard lock(mutex_);
  if (error_) std::rethrow_exception(error_);
}

bool Ticket::started() const {
  const std::lock_guard lock(mutex_);
  return state_ != State::kWaiting;
}

WorkQueue::WorkQueue(int64_t capacity, int at_once, double client_share)
    : capacity_(capacity), client_capacity_(PlacesOfOneClient(capacity, client_share)), expected_(static_cast<size_t>(std::max<int64_t>(capacity, 1))) {
  running_.reserve(static_cast<size_t>(at_once));  // so that work begins whatever memory there is
  for (int i = 0; i < at_once; ++i) workers_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
}

void WorkQueue::Stop() {
  for (std::jthread& worker : workers_) worker.request_stop();
  std::vector<std::shared_ptr<Ticket>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(waiting_);
    for (const auto& ticket : running_) ticket->stop_.request_stop();
  }
  for (const auto& ticket : dropped) End(*ticket, std::make_exception_ptr(StoppingError()));
  for (std::jthread& worker : workers_)
    if (worker.joinable()) worker.join();
}

std::shared_ptr<Ticket> WorkQueue::Submit(Turn turn, DeviceWork work, SettleTurn settle) {
  auto ticket = std::make_shared<Ticket>();
  ticket->work_ = std::move(work);
  ticket->settle_ = std::move(settle);
  ticket->turn_ = std::move(turn);
  ticket->began_as_ = ticket->turn_.priority;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) throw StoppingError();
    const int64_t held = Held();
    if (held >= capacity_) {
      throw Error(ErrorCode::kResourceExhausted, "queue: " + std::to_string(held) + " requests wait or run: must be fewer than " +
                                                     std::to_string(capacity_) + "; try again later")
          .RetryAfter(kTryAgain_s);
    }
    if (HoldsItsPlaces(ticket->turn_.client)) throw Error(ErrorCode::kResourceExhausted, ShareIsHeld("queue", client_capacity_)).RetryAfter(kTryAgain_s);
    ticket->due_ = DueOf(ticket->turn_);
    const std::vector<Place> places = PlacesInOrder(&ticket->turn_);
    const auto own = std::find_if(places.begin(), places.end(), [this](const Place& place) { return place.index == waiting_.size(); });
    ticket->position_ = own - places.begin() + static_cast<int64_t>(running_.size());
    waiting_.push_back(ticket);
    const double foretold_s = ticket->turn_.foretold_s;
    usual_s_ = usual_s_ > 0 ? usual_s_ + kNewest * (foretold_s - usual_s_) : foretold_s;
  }
  changed_.notify_one();
  return ticket;
}

void WorkQueue::ExpectAgain(const Turn& turn, double within_s) {
  const std::lock_guard lock(mutex_);
  expected_.Add({.client = turn.client, .priority = turn.priority, .at = TimeAhead(within_s)});
}

void WorkQueue::HoldTurns() {
  const std::lock_guard lock(mutex_);
  ++holds_;
}

void WorkQueue::ReleaseTurns() {
  {
    const std::lock_guard lock(mutex_);
    --holds_;
  }
  changed_.notify_all();
}

void WorkQueue::Cancel(const std::shared_ptr<Ticket>& ticket) {
  ticket->stop_.request_stop();
  bool waited = false;
  {
    const std::lock_guard lock(mutex_);
    waited = std::erase(waiting_, ticket) > 0;
    if (waited) EndBusyTime(ticket->turn_.priority);
  }
  if (waited) End(*ticket, std::make_exception_ptr(Error(ErrorCode::kCancelled, "cancelled in the queue")));
}

int64_t WorkQueue::depth() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(waiting_.size());
}

std::map<int, int64_t> WorkQueue::Waiting() const {
  const std::lock_guard lock(mutex_);
  std::map<int, int64_t> waiting;
  for (const auto& ticket : waiting_) ++waiting[ticket->turn_.priority];
  return waiting;
}

double WorkQueue::LeftOfRunning() const {
  double seconds = 0;
  for (const auto& ticket : running_) {
    // Nothing is taken off those behind the first: they may have waited for the device all the while.
    const bool first = ticket == running_.front();
    const double elapsed = first ? std::chrono::duration<double>(Turn::Clock::now() - ticket->first_since_).count() : 0;
    seconds += std::max(0.0, ticket->turn_.foretold_s - elapsed);
  }
  return seconds;
}

double WorkQueue::SecondsBefore(const Turn& turn) const {
  const std::lock_guard lock(mutex_);
  double seconds = LeftOfRunning();
  for (const Place& place : PlacesInOrder(&turn)) {
    if (place.index == waiting_.size()) break;
    seconds += waiting_[place.index]->turn_.foretold_s;
  }
  return seconds;
}

QueueRoom WorkQueue::RoomFor(const Turn& turn) const {
  const std::lock_guard lock(mutex_);
  const auto counts = [&turn](const Turn& other) { return other.client == turn.client && other.priority == turn.priority; };
  return RoomAt(PlacesInOrder(&turn), waiting_.size(), 0, counts);
}

QueueRoom WorkQueue::RoomAt(const std::vector<Place>& places, size_t index, double least_s, const std::function<bool(const Turn&)>& counts) const {
  const auto now = Turn::Clock::now();
  QueueRoom room{0, kNever};
  double urgent_s = LeftOfRunning();  // of what is more urgent, which does not step down for the rest
  double alike_s = 0;                 // of what is as urgent, and goes before
  double alike_foretold_s = 0;
  int priority = places.front().priority;
  bool passed = false;
  for (const Place& place : places) {
    if (place.priority != priority) {
      urgent_s += std::exchange(alike_foretold_s, 0);
      alike_s = 0;
      priority = place.priority;
    }
    if (place.index == index) {
      room.before_s = urgent_s + alike_s;
      passed = true;
      continue;
    }
    const Turn& turn = waiting_[place.index]->turn_;
    alike_s += turn.least();
    alike_foretold_s += turn.foretold_s;
    if (!passed || !counts(turn)) continue;
    const double promised_s = SecondsToPromise(turn, now);
    const double least_end_s = urgent_s + alike_s;
    const bool lost = promised_s < least_end_s + least_s;  // whatever is done: nobody is refused or steps down for it
    const double slower = 1 + kBehindOthers * (turn.slower - 1);
    if (!lost) room.most_s = std::min(room.most_s, promised_s / slower - least_end_s);
  }
  return room;
}

int WorkQueue::PriorityNow(const Turn& turn, int most_urgent, Turn::Clock::time_point now) const {
  const double waited_s = std::chrono::duration<double>(now - turn.came_at).count();
  const double full_queue_s = std::max(static_cast<double>(capacity_) * usual_s_, kLeastQueue_s);
  return static_cast<int>(std::min<double>(most_urgent, turn.priority + std::floor(waited_s / full_queue_s)));
}

std::vector<WorkQueue::Place> WorkQueue::PlacesInOrder(const Turn* newcomer) const {
  const auto now = Turn::Clock::now();
  int most_urgent = newcomer != nullptr ? newcomer->priority : waiting_.front()->turn_.priority;
  for (const auto& ticket : waiting_) most_urgent = std::max(most_urgent, ticket->turn_.priority);
  std::vector<FairOrder::Work> work;
  const auto add = [&](const Turn& turn, Turn::Clock::time_point due) {
    work.push_back({.priority = PriorityNow(turn, most_urgent, now), .client = turn.client, .foretold_s = turn.foretold_s, .due = due});
  };
  for (const auto& ticket : waiting_) add(ticket->turn_, ticket->due_);
  if (newcomer != nullptr) add(*newcomer, DueOf(*newcomer));
  return fair_order_.PlacesOf(work);
}

Turn::Clock::time_point WorkQueue::DueOf(const Turn& turn) const {
  if (turn.ends_by) return *turn.ends_by;
  auto due = TimeAhead(kPatience * static_cast<double>(capacity_) * usual_s_);
  double all_s = LeftOfRunning() + turn.foretold_s;
  for (const auto& ticket : waiting_) all_s += ticket->turn_.foretold_s;
  for (const auto& ticket : waiting_) {
    const Turn& other = ticket->turn_;
    // What has time for all that waits keeps its promise behind this as well: whoever gave way to it would wait for as long as it has.
    const bool needs_way = other.ends_by && SecondsToPromise(other, Turn::Clock::now()) < all_s * (1 + kBehindOthers * (other.slower - 1));
    const bool gives_way_to_it = turn.gives_way && needs_way && other.client == turn.client && other.priority == turn.priority;
    const bool is_patient = !other.ends_by && !other.gives_way;  // of what has promised nothing the order of arrival stays
    if (gives_way_to_it || is_patient) due = std::max(due, ticket->due_);
  }
  return due;
}

std::shared_ptr<Ticket> WorkQueue::TakeNext() {
  const std::vector<Place> places = PlacesInOrder();
  const auto next = waiting_.begin() + static_cast<std::ptrdiff_t>(places.front().index);
  if (places.size() == 1) expected_.Clear();  // nothing else waits: whoever comes again finds room
  Settle(**next, places);
  const Turn& turn = (*next)->turn_;
  fair_order_.Begin(turn.client, places.front().priority, turn.foretold_s);  // while it waits still, as there may be no memory for it
  (*next)->began_as_ = places.front().priority;
  std::shared_ptr<Ticket> ticket = std::move(*next);
  waiting_.erase(next);
  return ticket;
}

void WorkQueue::EndBusyTime(int priority) {
  const auto waits_at_it = [priority](const std::shared_ptr<Ticket>& ticket) { return ticket->turn_.priority == priority; };
  const auto runs_at_it = [priority](const std::shared_ptr<Ticket>& ticket) { return ticket->began_as_ == priority; };
  if (std::none_of(waiting_.begin(), waiting_.end(), waits_at_it) && std::none_of(running_.begin(), running_.end(), runs_at_it)) fair_order_.EndBusyTime(priority);
}

std::shared_ptr<Ticket> WorkQueue::TakeNextOrOldest() noexcept {
  try {
    return TakeNext();
  } catch (...) {  // no memory to find out whose turn it is: the worker must not end for that
  }
  std::shared_ptr<Ticket> oldest = std::move(waiting_.front());
  waiting_.erase(waiting_.begin());
  oldest->settle_ = nullptr;
  return oldest;
}

void WorkQueue::Settle(Ticket& ticket, const std::vector<Place>& places) {
  if (!ticket.settle_) return;
  const Turn& own = ticket.turn_;
  const QueueRoom room = RoomAt(places, places.front().index, own.least(), [&own](const Turn& other) { return other.priority >= own.priority; });
  const double own_s = SecondsToPromise(own, Turn::Clock::now()) / own.slower - room.before_s;
  ticket.turn_.foretold_s = ticket.settle_(IsAnyoneExpectedBefore(own) ? 0 : std::min(own_s, room.most_s));
  ticket.settle_ = nullptr;
}

bool WorkQueue::IsAnyoneExpectedBefore(const Turn& turn) {
  const std::vector<ExpectedReturns::Return>& returns = expected_.ToCome();
  return std::any_of(returns.begin(), returns.end(), [&](const ExpectedReturns::Return& expected) {
    return expected.priority > turn.priority || (expected.priority == turn.priority && fair_order_.HadBefore(expected.client, turn.priority) <= fair_order_.HadBefore(turn.client, turn.priority));
  });
}

bool WorkQueue::full() const {
  const std::lock_guard lock(mutex_);
  return Held() >= capacity_;
}

std::optional<int64_t> WorkQueue::PlacesHeldBy(const std::string& client) const {
  const std::lock_guard lock(mutex_);
  return HoldsItsPlaces(client) ? std::optional(client_capacity_) : std::nullopt;
}

int64_t WorkQueue::running() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(running_.size());
}

int64_t WorkQueue::Held() const { return static_cast<int64_t>(waiting_.size() + running_.size()); }

bool WorkQueue::HoldsItsPlaces(const std::string& client) const {
  if (client_capacity_ >= capacity_) return false;
  const auto is_own = [&client](const std::shared_ptr<Ticket>& ticket) { return ticket->turn_.client == client; };
  return std::count_if(waiting_.begin(), waiting_.end(), is_own) + std::count_if(running_.begin(), running_.end(), is_own) >= client_capacity_;
}

void WorkQueue::Begin(const std::shared_ptr<Ticket>& ticket) {
  if (running_.empty()) ticket->first_since_ = std::chrono::steady_clock::now();
  running_.push_back(ticket);
}

void WorkQueue::Forget(const std::shared_ptr<Ticket>& ticket) {
  const bool was_first = running_.front() == ticket;
  std::erase(running_, ticket);
  if (was_first && !running_.empty()) running_.front()->first_since_ = std::chrono::steady_clock::now();
}

void WorkQueue::End(Ticket& ticket, std::exception_ptr error) {
  ticket.work_ = nullptr;  // what they captured goes before anyone hears that it has ended
  ticket.settle_ = nullptr;
  {
    const std::lock_guard lock(ticket.mutex_);
    ticket.state_ = Ticket::State::kEnded;
    ticket.error_ = std::move(error);
  }
  ticket.ended_.notify_all();
}

void WorkQueue::Work(const std::stop_token& stop) {
  for (;;) {
    std::shared_ptr<Ticket> ticket;
    std::optional<DeviceOrder::Claim> device;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !waiting_.empty() && holds_ == 0; }) || stop.stop_requested()) return;
      ticket = TakeNextOrOldest();
      Begin(ticket);
      device.emplace(order_);  // with the mutex: claims are in the order in which work is taken
    }
    {
      const std::lock_guard lock(ticket->mutex_);
      ticket->state_ = Ticket::State::kRunning;
    }
    std::exception_ptr error;
    try {
      ticket->work_(ticket->stop_.get_token(), *device);
    } catch (...) {
      error = std::current_exception();
    }
    device.reset();  // whatever became of it: the next must not wait for a device that nobody uses
    {
      const std::lock_guard lock(mutex_);
      Forget(ticket);
      EndBusyTime(ticket->turn_.priority);
      EndBusyTime(ticket->began_as_);
    }
    End(*ticket, error);
  }
}

}  // namespace tuckerseg
