#include "server/serve/silence_watch.h"

#include <grpcpp/server_context.h>

#include <sstream>

#include "engine/error.h"

namespace tuckerseg {

SilenceWatch::SilenceWatch(std::chrono::duration<double> most) : most_(most) {
  if (most_ > std::chrono::duration<double>::zero()) watcher_ = std::jthread([this](const std::stop_token& stop) { Watch(stop); });
}

void SilenceWatch::Watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    resting_ = waits_.empty();
    if (resting_) {
      begun_.wait(lock, stop, [this] { return !waits_.empty(); });
      continue;
    }
    Wait& first = *waits_.front();
    const Clock::time_point end = first.end_;  // it may be over before that
    if (Clock::now() < end) {
      begun_.wait_until(lock, stop, end, [] { return false; });
      continue;
    }
    waits_.pop_front();
    first.place_.reset();
    first.too_long_ = true;
    first.context_.TryCancel();  // with the mutex: the wait, and so the call, is still there
  }
}

SilenceWatch::Wait::Wait(SilenceWatch& watch, const grpc::ServerContextBase& context) : watch_(watch), context_(context) {
  if (!watch_.watcher_.joinable()) return;
  const std::lock_guard lock(watch_.mutex_);
  end_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(watch_.most_);
  place_ = watch_.waits_.insert(watch_.waits_.end(), this);
  if (watch_.resting_) watch_.begun_.notify_one();
}

SilenceWatch::Wait::~Wait() {
  const std::lock_guard lock(watch_.mutex_);
  if (place_) watch_.waits_.erase(*place_);
}

void SilenceWatch::Wait::ThrowIfTooLong() const {
  const std::lock_guard lock(watch_.mutex_);
  if (!too_long_) return;
  std::ostringstream message;
  message << "client: has neither sent nor read anything for " << watch_.most_.count() << " s; must not stand still for longer";
  throw Error(ErrorCode::kDeadlineExceeded, message.str());
}

}  // namespace tuckerseg
