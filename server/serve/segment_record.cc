#include "server/serve/segment_record.h"

#include <nlohmann/json.hpp>

#include "server/observe/log.h"
#include "server/serve/status_of.h"

namespace tuckerseg {

void Report(const SegmentRecord& record, const StageClock& clock, const grpc::Status& status, Metrics& metrics) {
  const std::string code = NameOf(status.error_code());
  metrics.CountRequest({record.task, record.variant, record.device, code, clock.Total(), record.method});
  metrics.CountBytes("received", static_cast<double>(record.received_bytes));
  metrics.CountBytes("sent", static_cast<double>(record.sent_bytes));
  nlohmann::json stages = nlohmann::json::object();
  for (size_t i = 0; i < kCallStages; ++i) {
    const double seconds = clock.seconds(static_cast<CallStage>(i));
    stages[kCallStageNames[i]] = seconds;
    if (status.ok()) metrics.ObserveStage(kCallStageNames[i], record.variant, record.device, seconds);
  }
  const auto stage = kCallStageNames[static_cast<size_t>(clock.stage())];
  if (status.ok() && record.reused) {
    metrics.CountResultReused();
  } else if (status.ok()) {
    metrics.ObservePeakMemory(record.variant, record.device, static_cast<double>(record.peak_memory_bytes));
  } else if (status.error_code() == grpc::StatusCode::CANCELLED || status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    metrics.CountCancelled(stage);
  } else {
    metrics.CountRejected(code);
  }
  nlohmann::json fields{{"request", record.request_id}, {"method", record.method}, {"task", record.task}, {"variant", record.variant}, {"code", code},
                        {"seconds", clock.Total()}, {"bytes", record.received_bytes}, {"stages", stages}};
  if (record.reused) fields["reused"] = true;
  // Messages name fields and numbers of a volume's header. What the request's header holds is the client's own words (a task, a
  // structure), and could be anything: of those, the field alone.
  const std::string& message = status.error_message();
  if (!status.ok()) fields["message"] = record.header_taken ? message : FieldOf(message);
  Log(status.ok() ? LogLevel::kInfo : LogLevel::kWarning, "segment", fields);
}

}  // namespace tuckerseg
