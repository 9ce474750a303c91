/// Lives through one request as its client does: sends, waits, reads, slowly or not, or vanishes.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <utility>

#include "client/lib/client.h"
#include "tests/load/cancel_timer.h"
#include "tests/load/request_record.h"
#include "tests/load/volume_files.h"
#include "tests/load/workload.h"

namespace tuckerseg::load {

/// The longest that a request without a deadline is waited for: a server that never answers must not hold the generator.
inline constexpr std::chrono::minutes kPatience{10};

/// What a client asks that wishes this level; without what is drawn for each request.
v1::SegmentHeader HeaderOf(const LevelWish& wish, const std::string& task);

/// Thread-safe. Nothing is sent twice: requests have no idempotency key, so no answer comes from an earlier request's.
class RequestSender {
 public:
  using Clock = std::chrono::steady_clock;

  /// The references must outlive the sender. `begin`: of the load. `task`: of the workload, or what stands for it. `patience`: the longest that a request
  /// without a deadline is waited for; then it is given up, which the record's message says.
  RequestSender(Client& client, const Workload& workload, std::string task, std::span<const VolumeFile> volumes, Clock::time_point begin,
                std::chrono::milliseconds patience = kPatience)
      : client_(client), workload_(workload), task_(std::move(task)), volumes_(volumes), begin_(begin), patience_(patience) {}

  /// Returns when the request has ended; whatever its server does is in the record.
  RequestRecord Send(const PlannedRequest& planned);

 private:
  void Segment(const VolumeFile& volume, const CallLimits& limits, RequestRecord& record);
  double SecondsNow() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  Client& client_;
  const Workload& workload_;
  const std::string task_;
  const std::span<const VolumeFile> volumes_;
  const Clock::time_point begin_;
  const std::chrono::milliseconds patience_;
  CancelTimer timer_;
};

}  // namespace tuckerseg::load
