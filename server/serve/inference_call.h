/// One ModelInfer of the Open Inference Protocol: a volume comes in as one message, its labels go out as one.
#pragma once

#include <string>
#include <utility>

#include "inference/grpc_service.pb.h"
#include "server/schedule/memory_budget.h"
#include "server/serve/segment_run.h"
#include "server/serve/service_parts.h"

namespace tuckerseg {

class InferenceCall {
 public:
  /// All must outlive the call.
  InferenceCall(ServiceParts& parts, const grpc::ServerContext& context, const inference::ModelInferRequest& request,
                inference::ModelInferResponse& response)
      : parts_(parts), request_(request), response_(response), run_(parts, context, "inference.GRPCInferenceService", "ModelInfer") {}

  /// Serves the call. Errors end it; what it holds is freed on every way out.
  void Run();

  /// What the response takes until it has left: itself, and its bytes once more. Nothing unless Run() has succeeded.
  MemoryReservation TakeAnswerMemory() { return std::move(answer_memory_); }

  /// SegmentRun::stage_name().
  const char* stage_name() const { return run_.stage_name(); }

  /// Metrics, log line and spans of the call, once its status is known.
  void Report(const grpc::Status& status) { run_.Report(status); }

  /// Who calls.
  const std::string& client() const { return run_.client(); }

 private:
  /// What the response says beside the labels.
  void Describe(const Segmentation& segmentation);

  ServiceParts& parts_;
  const inference::ModelInferRequest& request_;
  inference::ModelInferResponse& response_;
  SegmentRun run_;
  MemoryReservation answer_memory_;
};

}  // namespace tuckerseg
