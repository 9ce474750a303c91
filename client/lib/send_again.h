/// Whether a call of Segment that broke off is sent again, and when.
#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>

#include "client/lib/call_context.h"
#include "client/lib/client.h"
#include "client/lib/segment_attempt.h"

namespace tuckerseg {

/// Whether a call that ended so may have failed through no fault of its own: its server or its connection has gone, or the server is starting or stopping.
/// `stopped`: the caller has asked for the end, which gRPC tells as it tells of some broken connections.
bool HasBrokenOff(const grpc::Status& status, bool stopped);

/// How long to wait before the attempt that follows so many: longer each time, between 0.1 and 1 s. `share` in [0, 1] spreads clients that lost
/// one server, so that they do not come back at one moment.
std::chrono::milliseconds PauseAfter(int attempts, double share);

/// Of one call; for its thread.
class SendAgain {
 public:
  /// How long a server that was there is given to come back: time to start anew and to load its models.
  static constexpr std::chrono::seconds kServerReturns{30};

  /// `channel` and `limits` must outlive this. `returns`: how long each server that was there is given. `was_there`: one was before this call: a server that drains has closed its port,
  /// and who comes then finds nobody.
  SendAgain(grpc::Channel& channel, const CallLimits& limits, const Deadline& deadline, std::chrono::milliseconds returns = kServerReturns, bool was_there = false)
      : channel_(channel), limits_(limits), deadline_(deadline), returns_(returns), was_there_(was_there) {}

  /// An attempt has failed. Waits for the time to send the next one and returns true; false, at once, where there is to be none. One that a server turned away as it loads its models counts for
  /// none as long as it is given to return.
  bool Wait(const SegmentAttempt& failed);
  /// That have failed.
  int attempts() const { return failed_; }

 private:
  using Clock = Deadline::value_type::clock;
  void Rest(std::chrono::milliseconds pause) const;
  void AwaitConnection() const;

  grpc::Channel& channel_;
  const CallLimits& limits_;
  const Deadline deadline_;
  const std::chrono::milliseconds returns_;
  const bool was_there_;
  int failed_ = 0;
  int attempts_ = 0;  // of those, that count
  Deadline returns_until_;  // where a server was there, at the last attempt of which that is known
};

}  // namespace tuckerseg
