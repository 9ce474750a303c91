/// A segmentation as spans, for whoever collects traces.
#pragma once

#include <grpcpp/support/status_code_enum.h>

#include <vector>

#include "server/observe/span.h"
#include "server/serve/segment_record.h"
#include "server/serve/stage_clock.h"

namespace tuckerseg {

/// One span of the request and, below it, one of each stage that took time, with names and attributes of OpenTelemetry's conventions for RPCs. Stages are laid
/// end to end in the order of the way: where they alternate (receiving and decoding), each is one span of its whole time, as in metrics and log.
/// `clock` and `seconds` as of the call's end. The request's span comes first.
std::vector<Span> SegmentSpans(const SegmentRecord& record, const StageClock& clock, grpc::StatusCode code, double seconds);

}  // namespace tuckerseg
