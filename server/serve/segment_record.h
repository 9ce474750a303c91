/// What a call of Segment leaves behind: its metrics and one line in the log.
#pragma once

#include <grpcpp/support/status.h>

#include <cstdint>
#include <string>

#include "server/observe/metrics.h"
#include "server/serve/stage_clock.h"

namespace tuckerseg {

/// Gathered while the call runs.
struct SegmentRecord {
  std::string method;   ///< of the contract: the door that the call came through
  std::string request_id;
  std::string task;     ///< empty until it is known
  std::string variant;  ///< empty until it is known
  std::string device;
  bool reused = false;        ///< answered with an earlier call's result
  bool header_taken = false;  ///< every field of the header has been found right
  int64_t received_bytes = 0;
  int64_t sent_bytes = 0;
  int64_t peak_memory_bytes = 0;
};

/// `clock` as of the call's end.
void Report(const SegmentRecord& record, const StageClock& clock, const grpc::Status& status, Metrics& metrics);

}  // namespace tuckerseg
