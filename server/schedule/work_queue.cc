#include "server/schedule/work_queue.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr auto kStopping = "the server is stopping: try another one";

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

bool WorkQueue::Order::operator()(const std::shared_ptr<Ticket>& a, const std::shared_ptr<Ticket>& b) const {
  if (a->priority_ != b->priority_) return a->priority_ > b->priority_;
  return a->number_ < b->number_;
}

WorkQueue::WorkQueue(int64_t capacity) : capacity_(capacity), worker_([this](const std::stop_token& stop) { Work(stop); }) {}

void WorkQueue::Stop() {
  worker_.request_stop();
  std::set<std::shared_ptr<Ticket>, Order> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(waiting_);
    if (running_) running_->stop_.request_stop();
  }
  for (const auto& ticket : dropped) End(*ticket, std::make_exception_ptr(Error(ErrorCode::kUnavailable, kStopping)));
  if (worker_.joinable()) worker_.join();
}

std::shared_ptr<Ticket> WorkQueue::Submit(int priority, std::function<void(std::stop_token)> work, double foretold_s) {
  auto ticket = std::make_shared<Ticket>();
  ticket->work_ = std::move(work);
  ticket->priority_ = priority;
  ticket->foretold_s_ = foretold_s;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) throw Error(ErrorCode::kUnavailable, kStopping);
    const int64_t held = Held();
    if (held >= capacity_) {
      throw Error(ErrorCode::kResourceExhausted, "queue: " + std::to_string(held) + " requests wait or run: must be fewer than " +
                                                     std::to_string(capacity_) + "; try again later")
          .RetryAfter(5);
    }
    ticket->number_ = next_number_++;
    waiting_.insert(ticket);
    const auto place = waiting_.find(ticket);
    ticket->position_ = std::distance(waiting_.begin(), place) + (running_ ? 1 : 0);
  }
  changed_.notify_one();
  return ticket;
}

void WorkQueue::Cancel(const std::shared_ptr<Ticket>& ticket) {
  ticket->stop_.request_stop();
  bool waited = false;
  {
    const std::lock_guard lock(mutex_);
    waited = waiting_.erase(ticket) > 0;
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
  for (const auto& ticket : waiting_) ++waiting[ticket->priority_];
  return waiting;
}

double WorkQueue::SecondsBefore(int priority) const {
  const std::lock_guard lock(mutex_);
  double seconds = 0;
  if (running_) {
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - running_->started_at_).count();
    seconds = std::max(0.0, running_->foretold_s_ - elapsed);
  }
  for (const auto& ticket : waiting_) {
    if (ticket->priority_ >= priority) seconds += ticket->foretold_s_;
  }
  return seconds;
}

bool WorkQueue::full() const {
  const std::lock_guard lock(mutex_);
  return Held() >= capacity_;
}

bool WorkQueue::running() const {
  const std::lock_guard lock(mutex_);
  return running_ != nullptr;
}

int64_t WorkQueue::Held() const { return static_cast<int64_t>(waiting_.size()) + (running_ ? 1 : 0); }

void WorkQueue::End(Ticket& ticket, std::exception_ptr error) {
  ticket.work_ = nullptr;  // what it captured goes before anyone hears that it has ended
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
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested()) return;
      ticket = *waiting_.begin();
      waiting_.erase(waiting_.begin());
      running_ = ticket;
      ticket->started_at_ = std::chrono::steady_clock::now();
    }
    {
      const std::lock_guard lock(ticket->mutex_);
      ticket->state_ = Ticket::State::kRunning;
    }
    std::exception_ptr error;
    try {
      ticket->work_(ticket->stop_.get_token());
    } catch (...) {
      error = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      running_ = nullptr;
    }
    End(*ticket, error);
  }
}

}  // namespace tuckerseg
