#include "server/serve/segment_spans.h"

#include <chrono>
#include <string>
#include <utility>

#include "server/random_id.h"
#include "server/serve/status_of.h"

namespace tuckerseg {
namespace {

constexpr size_t kSpanIdDigits = 16;

std::string FullMethod(const SegmentRecord& record) { return record.service + "/" + record.method; }

std::string NewSpanId() { return RandomId().substr(0, kSpanIdDigits); }

int64_t Nanoseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

int64_t Nanoseconds(double seconds) { return static_cast<int64_t>(1e9 * seconds); }

/// Of a server: the others are the client's own affair.
bool IsFailure(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS: return true;
    default: return false;
  }
}

std::vector<SpanAttribute> AttributesOf(const SegmentRecord& record, grpc::StatusCode code) {
  std::vector<SpanAttribute> attributes{{"rpc.system.name", "grpc"}, {"rpc.method", FullMethod(record)}, {"rpc.response.status_code", NameOf(code)}};
  if (IsFailure(code)) attributes.push_back({"error.type", NameOf(code)});
  const LevelPart whole = WholeOf(record);
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) attributes.push_back({key, text});
  };
  add("tuckerseg.request_id", record.request_id);
  add("tuckerseg.task", record.task);
  add("tuckerseg.variant", whole.variant);
  add("tuckerseg.reason", record.reason);
  add("tuckerseg.device", record.device);
  attributes.push_back({"tuckerseg.received_bytes", record.received_bytes});
  attributes.push_back({"tuckerseg.patches", whole.patches});
  return attributes;
}

}  // namespace

std::vector<Span> SegmentSpans(const SegmentRecord& record, const StageClock& clock, grpc::StatusCode code, double seconds) {
  Span request;
  request.trace_id = record.trace.trace_id;
  request.span_id = NewSpanId();
  request.parent_id = record.trace.parent_id;
  request.name = FullMethod(record);
  request.kind = SpanKind::kServer;
  request.begin_ns = Nanoseconds(record.started);
  request.end_ns = request.begin_ns + Nanoseconds(seconds);  // the wall clock may have been set meanwhile
  request.attributes = AttributesOf(record, code);
  request.failed = IsFailure(code);
  std::vector<Span> spans{request};
  int64_t begin_ns = request.begin_ns;
  for (size_t i = 0; i < kCallStages; ++i) {
    const int64_t length_ns = Nanoseconds(clock.seconds(static_cast<CallStage>(i)));
    if (length_ns <= 0) continue;
    Span stage;
    stage.trace_id = request.trace_id;
    stage.span_id = NewSpanId();
    stage.parent_id = request.span_id;
    stage.name = kCallStageNames[i];
    stage.begin_ns = begin_ns;
    begin_ns += length_ns;
    stage.end_ns = begin_ns;
    spans.push_back(std::move(stage));
  }
  return spans;
}

}  // namespace tuckerseg
