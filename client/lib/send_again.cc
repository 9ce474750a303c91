#include "client/lib/send_again.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>

#include "client/lib/error_of.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestPause{100};
constexpr milliseconds kLongestPause{1000};
/// How often the connection is looked at; also the longest delay of a stop.
constexpr milliseconds kPoll{50};

/// Spreads clients as PauseAfter() does, behind what they were asked for.
milliseconds PauseAsAsked(double seconds, double share) { return milliseconds(static_cast<int64_t>(1000 * std::clamp(seconds, 0.1, 60.0) * (1 + share / 4))); }

double RandomShare() {
  std::random_device random;
  return std::uniform_real_distribution<double>(0, 1)(random);
}

}  // namespace

bool HasBrokenOff(const grpc::Status& status, bool stopped) {
  if (stopped) return false;
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE: return true;
    // What gRPC itself says of a stream that was reset, depending on who noticed first. A server that means it sends details.
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN: return status.error_details().empty();
    default: return false;
  }
}

milliseconds PauseAfter(int attempts, double share) {
  const milliseconds most = std::min(kLongestPause, 2 * kShortestPause * (int64_t{1} << std::clamp(attempts - 1, 0, 10)));
  return std::max(kShortestPause, milliseconds(static_cast<int64_t>(static_cast<double>(most.count()) * (0.5 + share / 2))));
}

bool SendAgain::Wait(const SegmentAttempt& failed) {
  ++failed_;
  if (!HasBrokenOff(failed.status, limits_.stop.stop_requested())) return false;
  const std::optional<double> asked_s = ErrorOf(failed.status).retry_after_s();
  if (asked_s && limits_.most_attempts > 1) {
    // A server that is there and loads its models yet, or cannot read them for a moment. It has done nothing: no attempt is lost.
    if (!returns_until_) returns_until_ = Clock::now() + returns_;
    const Clock::time_point next = Clock::now() + PauseAsAsked(*asked_s, RandomShare());
    if (next < (deadline_ ? std::min(*deadline_, *returns_until_) : *returns_until_)) {
      Rest(std::chrono::duration_cast<milliseconds>(next - Clock::now()));
      return true;
    }
  }
  ++attempts_;
  if (attempts_ >= limits_.most_attempts) return false;
  const milliseconds pause = PauseAfter(attempts_, RandomShare());
  if (deadline_ && Clock::now() + pause >= *deadline_) return false;
  // Anew each time: a call of many minutes may outlive more than one server.
  if (!asked_s && (failed.server_was_there || (attempts_ == 1 && was_there_))) returns_until_ = Clock::now() + returns_;
  Rest(pause);
  // A server that starts anew takes longer than all pauses together; one that never was there is not waited for.
  if (returns_until_) AwaitConnection();
  return true;
}

void SendAgain::Rest(milliseconds pause) const {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, limits_.stop, pause, [] { return false; });
}

void SendAgain::AwaitConnection() const {
  const Clock::time_point end = deadline_ ? std::min(*deadline_, *returns_until_) : *returns_until_;
  while (Clock::now() < end && !limits_.stop.stop_requested()) {
    const grpc_connectivity_state state = channel_.GetState(/*try_to_connect=*/true);
    // A channel inside the process has no connection to wait for, and says that it is shut down.
    if (state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_SHUTDOWN) return;
    // Not to be slept through: a thread that waits here is the one that looks after the connection; without any gRPC does every five seconds.
    channel_.WaitForStateChange(state, std::chrono::system_clock::now() + kPoll);
  }
}

}  // namespace tuckerseg
