/// What a segmentation leaves behind, whichever door it came through: its metrics, one line in the log, its spans, its place among the last requests.
#pragma once

#include <grpcpp/support/status.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "server/serve/call_trace.h"
#include "server/serve/service_parts.h"
#include "server/serve/stage_clock.h"

namespace tuckerseg {

/// What one level took of a call that runs several.
struct LevelPart {
  std::string variant = {};
  std::string device = {};
  std::array<double, kCallStages> stage_s{};  ///< seconds of each stage: from `queue` on, as what came before is no level's
  int64_t patches = 0;
  double foretold_s = 0;
  double network_s = 0;
  int64_t peak_memory_bytes = 0;
};

/// Gathered while the call runs.
struct SegmentRecord {
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  CallTrace trace;
  std::string service;  ///< of the contract, with `method`: the door that the call came through
  std::string method;
  std::string request_id;
  std::string task;     ///< empty until it is known
  std::string variant;  ///< empty until it is known
  std::string reason;   ///< why this variant; empty until it is chosen
  std::string device;
  bool reused = false;        ///< answered with an earlier call's result
  bool refused = false;       ///< no level could keep what it asks, or there was no room, for the level whose turn it was: its work never waited for a device
  bool header_taken = false;  ///< every field of the header has been found right
  int64_t received_bytes = 0;
  int64_t sent_bytes = 0;
  int64_t peak_memory_bytes = 0;
  int64_t voxels = 0;      ///< of the volume; 0 until it is admitted
  int64_t patches = 0;     ///< that were run
  double foretold_s = 0;   ///< from admission to the label map
  double network_s = 0;    ///< that the networks took
  /// Of a call that runs several levels: those that are done, in their order. Variant, reason and what was run are then of the one that runs, if any.
  std::vector<LevelPart> levels;
};

/// A call as a whole: several levels are named one behind the other, and their figures are summed (of memory the most); stages are the clock's.
LevelPart WholeOf(const SegmentRecord& record);

/// Makes the series that reports count in, as far as their labels are known before a call: at 0.
void ExpectReports(Metrics& metrics);

/// `clock` as of the call's end.
void Report(const SegmentRecord& record, const StageClock& clock, const grpc::Status& status, ServiceParts& parts);

}  // namespace tuckerseg
