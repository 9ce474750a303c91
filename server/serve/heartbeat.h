/// Signs of life of a call while work runs that tells nothing by itself: proxies cut silent streams, and clients wonder.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

namespace tuckerseg {

/// How often a waiting call looks after its client; also the longest delay of progress.
inline constexpr std::chrono::milliseconds kPoll{50};
/// When progress is told again though nothing has changed: it is a heartbeat too. The contract promises two seconds, and it is looked at with kPoll between.
inline constexpr double kHeartbeatSeconds = 1.9;

/// What a call does meanwhile, on its own thread. What either throws ends the work.
struct Heartbeat {
  std::function<void()> look;  ///< every kPoll
  std::function<void()> beat;  ///< at once, then each time `interval_s` have passed
  double interval_s = kHeartbeatSeconds;
};

/// Runs `work` on a thread of its own, beside the heartbeat on this one. Returns and throws only once the work has ended, so that it may use what lives here: where
/// the heartbeat throws, the work's token is asked to stop, and its end is waited for. Gives the seconds that the work took: the heartbeat may be held up by a client.
/// Errors: what the work throws; before that, what the heartbeat throws. Where the system has no thread left the work runs on this one, without a heartbeat.
double RunWithHeartbeat(const std::function<void(const std::stop_token&)>& work, const Heartbeat& heartbeat);

}  // namespace tuckerseg
