#include "server/serve/segment_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/observe/log.h"
#include "server/serve/segment_spans.h"
#include "server/serve/status_of.h"

namespace tuckerseg {
namespace {

/// All that is known of a call once its status is.
struct CallEnd {
  const SegmentRecord& record;
  const StageClock& clock;
  const grpc::Status& status;
  std::string code;
  double seconds = 0;
};

void ObserveStage(size_t stage, const std::string& variant, const std::string& device, double seconds, Metrics& metrics) {
  metrics.ObserveStage(kCallStageNames[stage], variant, device, seconds);
}

/// Of a call that failed those alone that it came to: a time of nothing would hide how long the others' take.
void ObserveStagesUntilFailure(const CallEnd& end, Metrics& metrics) {
  for (size_t i = 0; i < kCallStages; ++i) {
    const double seconds = end.clock.seconds(static_cast<CallStage>(i));
    if (seconds > 0) ObserveStage(i, end.record.variant, end.record.device, seconds, metrics);
  }
}

void ObserveWork(const CallEnd& end, Metrics& metrics) {
  const SegmentRecord& record = end.record;
  const auto observe = [&metrics](size_t stage, const std::string& variant, const std::string& device, double seconds) { ObserveStage(stage, variant, device, seconds, metrics); };
  if (record.levels.empty()) {
    if (!record.reused) metrics.ObservePeakMemory(record.variant, record.device, static_cast<double>(record.peak_memory_bytes));
    for (size_t i = 0; i < kCallStages; ++i) observe(i, record.variant, record.device, end.clock.seconds(static_cast<CallStage>(i)));
    return;
  }
  // Each level has its own stages from its queue on; the volume was received for all of them.
  constexpr auto kFirstOwn = static_cast<size_t>(CallStage::kQueue);
  for (size_t i = 0; i < kFirstOwn; ++i) observe(i, record.variant, record.device, end.clock.seconds(static_cast<CallStage>(i)));
  for (const LevelPart& level : record.levels) {
    metrics.ObservePeakMemory(level.variant, level.device, static_cast<double>(level.peak_memory_bytes));
    for (size_t i = kFirstOwn; i < kCallStages; ++i) observe(i, level.variant, level.device, level.stage_s[i]);
  }
}

void Count(const CallEnd& end, Metrics& metrics) {
  const SegmentRecord& record = end.record;
  metrics.CountRequest({record.task, record.variant, record.device, end.code, end.seconds, record.method});
  metrics.CountBytes("received", static_cast<double>(record.received_bytes));
  metrics.CountBytes("sent", static_cast<double>(record.sent_bytes));
  const grpc::StatusCode code = end.status.error_code();
  const bool given_up = code == grpc::StatusCode::CANCELLED || code == grpc::StatusCode::DEADLINE_EXCEEDED;
  if (given_up && !record.refused) {
    metrics.CountCancelled(kCallStageNames[static_cast<size_t>(end.clock.stage())]);
  } else if (!end.status.ok()) {
    metrics.CountRejected(end.code);
  }
  if (!end.status.ok()) return ObserveStagesUntilFailure(end, metrics);  // so that the stages of all calls sum to their durations
  if (record.reused) metrics.CountResultReused();
  ObserveWork(end, metrics);
}

nlohmann::json LevelsJson(const std::vector<LevelPart>& levels) {
  nlohmann::json list = nlohmann::json::array();
  for (const LevelPart& level : levels) {
    nlohmann::json stages = nlohmann::json::object();
    for (size_t i = static_cast<size_t>(CallStage::kQueue); i < kCallStages; ++i) stages[kCallStageNames[i]] = level.stage_s[i];
    list.push_back({{"variant", level.variant},
                    {"device", level.device},
                    {"stages", std::move(stages)},
                    {"network_seconds", level.network_s},
                    {"foretold_seconds", level.foretold_s},
                    {"patches", level.patches},
                    {"peak_memory_bytes", level.peak_memory_bytes}});
  }
  return list;
}

void Write(const CallEnd& end) {
  const SegmentRecord& record = end.record;
  const LevelPart whole = WholeOf(record);
  nlohmann::json stages = nlohmann::json::object();
  for (size_t i = 0; i < kCallStages; ++i) stages[kCallStageNames[i]] = end.clock.seconds(static_cast<CallStage>(i));
  nlohmann::json fields{{"request", record.request_id},
                        {"trace_id", record.trace.trace_id},
                        {"method", record.method},
                        {"task", record.task},
                        {"variant", whole.variant},
                        {"reason", record.reason},
                        {"device", record.device},
                        {"code", end.code},
                        {"seconds", end.seconds},
                        {"stages", stages},
                        {"network_seconds", whole.network_s},
                        {"foretold_seconds", whole.foretold_s},
                        {"bytes", record.received_bytes},
                        {"voxels", record.voxels},
                        {"patches", whole.patches},
                        {"peak_memory_bytes", whole.peak_memory_bytes}};
  if (!record.levels.empty()) fields["levels"] = LevelsJson(record.levels);
  if (record.reused) fields["reused"] = true;
  // Messages name fields and numbers of a volume's header. What the request's header holds is the client's own words (a task, a
  // structure), and could be anything: of those, the field alone.
  const std::string& message = end.status.error_message();
  if (!end.status.ok()) fields["message"] = record.header_taken ? message : FieldOf(message);
  Log(end.status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "segment", fields);
}

RequestEntry EntryOf(const CallEnd& end) {
  const SegmentRecord& record = end.record;
  RequestEntry entry{.started = record.started,
                     .request_id = record.request_id,
                     .task = record.task,
                     .variant = WholeOf(record).variant,
                     .reason = record.reason,
                     .device = record.device,
                     .code = end.code,
                     .seconds = end.seconds,
                     .stages = {}};
  for (size_t i = 0; i < kCallStages; ++i) entry.stages.push_back({kCallStageNames[i], end.clock.seconds(static_cast<CallStage>(i))});
  return entry;
}

}  // namespace

LevelPart WholeOf(const SegmentRecord& record) {
  LevelPart whole{.device = record.device,
                  .patches = record.patches,
                  .foretold_s = record.foretold_s,
                  .network_s = record.network_s,
                  .peak_memory_bytes = record.peak_memory_bytes};
  for (const LevelPart& level : record.levels) {
    whole.variant += (whole.variant.empty() ? "" : ", ") + level.variant;
    whole.patches += level.patches;
    whole.foretold_s += level.foretold_s;
    whole.network_s += level.network_s;
    whole.peak_memory_bytes = std::max(whole.peak_memory_bytes, level.peak_memory_bytes);
  }
  if (!record.variant.empty()) whole.variant += (whole.variant.empty() ? "" : ", ") + record.variant;
  return whole;
}

void ExpectReports(Metrics& metrics) {
  for (const char* direction : {"received", "sent"}) metrics.CountBytes(direction, 0);
  for (const char* stage : kCallStageNames) metrics.CountCancelled(stage, 0);
  for (int code = grpc::StatusCode::OK + 1; code <= grpc::StatusCode::UNAUTHENTICATED; ++code) {
    if (code == grpc::StatusCode::CANCELLED) continue;  // nobody is refused with it
    metrics.CountRejected(NameOf(static_cast<grpc::StatusCode>(code)), 0);
  }
}

void Report(const SegmentRecord& record, const StageClock& clock, const grpc::Status& status, ServiceParts& parts) {
  const CallEnd end{record, clock, status, NameOf(status.error_code()), clock.Total()};
  Count(end, parts.metrics);
  Write(end);
  if (parts.requests != nullptr) parts.requests->Add(EntryOf(end));
  if (parts.spans != nullptr && record.trace.sampled) parts.spans->Take(SegmentSpans(record, clock, status.error_code(), end.seconds));
}

}  // namespace tuckerseg
