#include "server/serve/inference_service.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "engine/error.h"
#include "server/policy/asked_level.h"
#include "server/serve/inference_answer.h"
#include "server/serve/inference_call.h"
#include "server/serve/receive_limits.h"
#include "server/serve/status_of.h"
#include "server/serve/stream_slot.h"
#include "server/serve/why_nothing_is_served.h"

namespace tuckerseg {
namespace {

/// What a call holds from its handler's end until its answer has left. The use of the heap ends last: then all of it is free.
struct LeavingAnswer {
  std::unique_ptr<IdleHeap::Use> use;
  std::unique_ptr<StreamSlot> slot;
  MemoryReservation memory;
  std::unique_ptr<SilenceWatch::Wait> reading;
};

}  // namespace

int LargestInferMessage(const ServerConfig& config) {
  constexpr int64_t kStock = int64_t{4} << 20;
  constexpr int64_t kBesideTheVolume = int64_t{1} << 20;  // geometry, parameters, names
  // Of what gRPC may hold: the rest is for what others send meanwhile.
  const int64_t volume = std::min({config.memory_limit_bytes / 2, ReceiveQuota(config) / 4 * 3, config.max_input_bytes, config.volume_limits.max_bytes});
  return static_cast<int>(std::clamp(volume + kBesideTheVolume, kStock, int64_t{std::numeric_limits<int>::max()}));
}

InferenceServiceImpl::InferenceServiceImpl(ServiceParts& parts) : parts_(parts) {
  AddUnary("/inference.GRPCInferenceService/ServerLive", &InferenceServiceImpl::ServerLive);
  AddUnary("/inference.GRPCInferenceService/ServerReady", &InferenceServiceImpl::ServerReady);
  AddUnary("/inference.GRPCInferenceService/ModelReady", &InferenceServiceImpl::ModelReady);
  AddUnary("/inference.GRPCInferenceService/ServerMetadata", &InferenceServiceImpl::ServerMetadata);
  AddUnary("/inference.GRPCInferenceService/ModelMetadata", &InferenceServiceImpl::ModelMetadata);
  AddUnary("/inference.GRPCInferenceService/ModelInfer", &InferenceServiceImpl::ModelInfer, LargestInferMessage(parts.config), &InferenceServiceImpl::CountUnread);
}

const CatalogueModel& InferenceServiceImpl::FindReady(const CatalogueView& view, const std::string& name, const std::string& version) {
  const CatalogueModel& model = view.Find(name);
  if (!LeavesTheChoice(version)) {
    FindAskedLevel(version, model.levels);
  } else if (!model.CanServe()) {
    throw Error(ErrorCode::kFailedPrecondition, "task = " + model.model().task + ": none of its levels could be loaded: " + model.original().error);
  }
  return model;
}

grpc::Status InferenceServiceImpl::ServerLive(grpc::ServerContext*, const inference::ServerLiveRequest*,
                                              inference::ServerLiveResponse* response) {
  response->set_live(true);
  return grpc::Status::OK;
}

grpc::Status InferenceServiceImpl::ServerReady(grpc::ServerContext*, const inference::ServerReadyRequest*,
                                               inference::ServerReadyResponse* response) {
  return StatusOf([&] { response->set_ready(parts_.WantsCalls() && WhyNothingIsServed(parts_.catalogue, parts_.stalls).empty()); });
}

grpc::Status InferenceServiceImpl::ModelReady(grpc::ServerContext*, const inference::ModelReadyRequest* request,
                                              inference::ModelReadyResponse* response) {
  return StatusOf([&] {
    try {
      const auto view = parts_.catalogue.View();
      const CatalogueModel& model = FindReady(*view, request->name(), request->version());
      const std::set<size_t> stuck = parts_.stalls.StuckDevices();
      const bool can_run = LeavesTheChoice(request->version()) ? model.CanServe(stuck) : FindAskedLevel(request->version(), model.levels).CanRun(stuck);
      response->set_ready(parts_.WantsCalls() && !parts_.stalls.AdmissionIsStuck() && can_run);
    } catch (const Error&) {
      response->set_ready(false);  // what is not served is not ready: the protocol's answer, and no error
    }
  });
}

grpc::Status InferenceServiceImpl::ServerMetadata(grpc::ServerContext*, const inference::ServerMetadataRequest*,
                                                  inference::ServerMetadataResponse* response) {
  return StatusOf([&] {
    response->set_name("tuckerseg");
    response->set_version(TUCKERSEG_VERSION);
    response->add_extensions("schedule_policy");  // Triton's name for priority and timeout
    response->add_extensions("parameters");
  });
}

grpc::Status InferenceServiceImpl::ModelMetadata(grpc::ServerContext*, const inference::ModelMetadataRequest* request,
                                                 inference::ModelMetadataResponse* response) {
  return StatusOf([&] {
    const auto view = parts_.catalogue.View();
    Describe(FindReady(*view, request->name(), request->version()), *response);
  });
}

void InferenceServiceImpl::CountUnread(const grpc::Status& status) {
  StatusOf([&] {  // it is answered, whatever becomes of its count
    const std::string code = NameOf(status.error_code());
    parts_.metrics.CountRequest({"", "", "", code, 0, "ModelInfer"});
    parts_.metrics.CountRejected(code);
  });
}

grpc::Status InferenceServiceImpl::ModelInfer(grpc::ServerContext* context, const inference::ModelInferRequest* request,
                                              inference::ModelInferResponse* response) {
  std::unique_ptr<IdleHeap::Use> use;  // first: the volume and the label map have gone when it ends
  std::optional<InferenceCall> call;
  std::unique_ptr<StreamSlot> slot;  // until the call has been reported: who waits for the last stream finds its metrics and log
  const auto stage = [&call] { return call ? call->stage_name() : nullptr; };
  grpc::Status status = StatusOf([&] {
    call.emplace(parts_, *context, *request, *response);
    slot = std::make_unique<StreamSlot>(parts_, call->client());
    use = std::make_unique<IdleHeap::Use>(parts_.heap);  // a call that is refused is none
    call->Run();
  }, stage);
  if (call) StatusOf([&] { call->Report(status); });  // the call is answered, whatever becomes of its line in the log
  if (!status.ok()) return status;
  // gRPC sends the answer when this has returned, as fast as its client reads.
  StatusOf([&] {
    auto reading = std::make_unique<SilenceWatch::Wait>(parts_.silence, *context);
    parts_.answers.Keep(context, std::make_shared<LeavingAnswer>(LeavingAnswer{std::move(use), std::move(slot), call->TakeAnswerMemory(), std::move(reading)}));
  });
  return status;
}

}  // namespace tuckerseg
