#include "server/serve/model_service.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "server/policy/asked_level.h"
#include "server/serve/inference_service.h"
#include "server/serve/messages.h"
#include "server/serve/segment_run.h"
#include "server/serve/status_of.h"
#include "server/serve/taken_calls.h"
#include "server/serve/variant_changes.h"
#include "server/serve/variant_messages.h"
#include "server/stopping_error.h"

namespace tuckerseg {
namespace {

void Describe(const Model& model, v1::Model& message) {
  message.set_name(model.name);
  message.set_task(model.task);
  message.set_structure_count(static_cast<uint32_t>(model.labels.size()));
  for (const ModelPart& part : model.parts) {
    v1::Part& part_message = *message.add_parts();
    part_message.set_name(part.name);
    for (const int64_t size : part.patch_size) part_message.add_patch_size(static_cast<uint64_t>(size));
    for (const double spacing : part.spacing_mm) part_message.add_spacing_mm(spacing);
    part_message.set_fold_count(static_cast<uint32_t>(part.folds.size()));
  }
  Fill(model, *message.mutable_provenance());
}

/// How many may watch at once: each holds a thread.
constexpr int kMostWatchers = 64;

/// A watcher's place among them, given back at the end of its scope.
class WatcherSlot {
 public:
  explicit WatcherSlot(std::atomic<int>& watchers) : watchers_(watchers) {
    if (watchers_.fetch_add(1) < kMostWatchers) return;
    watchers_.fetch_sub(1);
    throw Error(ErrorCode::kResourceExhausted, "watchers: " + std::to_string(kMostWatchers) + " are open: must be fewer; try again later").RetryAfter(60);
  }
  ~WatcherSlot() { watchers_.fetch_sub(1); }
  WatcherSlot(const WatcherSlot&) = delete;
  WatcherSlot& operator=(const WatcherSlot&) = delete;

 private:
  std::atomic<int>& watchers_;
};

/// A call of LoadVariant among those that run, until the end of its scope.
class RunningLoad {
 public:
  explicit RunningLoad(std::atomic<int64_t>& running) : running_(running) { running_.fetch_add(1); }
  ~RunningLoad() { running_.fetch_sub(1); }
  RunningLoad(const RunningLoad&) = delete;
  RunningLoad& operator=(const RunningLoad&) = delete;

 private:
  std::atomic<int64_t>& running_;
};

/// The level that an operator means by a name or a number, whether or not it could be loaded.
const ServedLevel& FindNamed(const std::string& name, const CatalogueModel& model) {
  if (LeavesTheChoice(name)) throw Error(ErrorCode::kInvalidArgument, "name = " + name + ": must be a level's name or number");
  return FindMeantLevel(name, model.levels);
}

/// Nothing: all of them.
std::optional<size_t> PlaceOf(const std::string& name, Devices& devices) {
  if (name.empty()) return {};
  const std::vector<std::string> names = devices.Names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  std::string known;
  for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
  throw Error(ErrorCode::kNotFound, "device = " + name + ": must be one of " + known);
}

/// As it is by now; as it was, if it has gone meanwhile.
void FillNow(const std::string& task, const ServedLevel& level, const Catalogue& catalogue, v1::Variant& message) {
  const auto view = catalogue.View();
  const auto model = view->models.find(task);
  if (model != view->models.end()) {
    const auto& levels = model->second.levels;
    const auto now = std::find_if(levels.begin(), levels.end(), [&](const ServedLevel& one) { return one.name == level.name; });
    if (now != levels.end()) return Fill(task, *now, message);
  }
  Fill(task, level, message);
}

}  // namespace

ModelServiceImpl::ModelServiceImpl(ServiceParts& parts) : parts_(parts) {
  AddUnary("/tuckerseg.v1.ModelService/ListModels", &ModelServiceImpl::ListModels);
  AddUnary("/tuckerseg.v1.ModelService/GetModel", &ModelServiceImpl::GetModel);
  AddUnary("/tuckerseg.v1.ModelService/ListVariants", &ModelServiceImpl::ListVariants);
  AddUnary("/tuckerseg.v1.ModelService/LoadVariant", &ModelServiceImpl::LoadVariant);
  AddUnary("/tuckerseg.v1.ModelService/UnloadVariant", &ModelServiceImpl::UnloadVariant);
  AddServerStream("/tuckerseg.v1.ModelService/WatchVariants", &ModelServiceImpl::WatchVariants);
}

grpc::Status ModelServiceImpl::ListModels(grpc::ServerContext*, const v1::ListModelsRequest*, v1::ListModelsResponse* response) {
  return StatusOf([&] {
    const auto view = parts_.catalogue.View();
    for (const auto& [task, model] : view->models) Describe(model.model(), *response->add_models());
  });
}

grpc::Status ModelServiceImpl::GetModel(grpc::ServerContext*, const v1::GetModelRequest* request, v1::GetModelResponse* response) {
  return StatusOf([&] {
    const auto view = parts_.catalogue.View();
    const Model& model = view->Find(request->task()).model();
    Describe(model, *response->mutable_model());
    for (const Label& label : model.labels) Fill(label, *response->mutable_model()->add_labels());
  });
}

grpc::Status ModelServiceImpl::ListVariants(grpc::ServerContext*, const v1::ListVariantsRequest* request,
                                            v1::ListVariantsResponse* response) {
  return StatusOf([&] {
    const auto view = parts_.catalogue.View();
    if (!request->task().empty()) return Fill(view->Find(request->task()), *response);
    Fill(*view, *response);
  });
}

grpc::Status ModelServiceImpl::LoadVariant(grpc::ServerContext*, const v1::LoadVariantRequest* request, v1::LoadVariantResponse* response) {
  return StatusOf([&] {
    ThrowUnlessCallsAreTaken(parts_);
    const RunningLoad load(parts_.loads);
    const IdleHeap::Use use(parts_.heap);
    const auto view = parts_.catalogue.View();
    const CatalogueModel& model = view->Find(request->task());
    const ServedLevel& level = FindNamed(request->name(), model);
    parts_.catalogue.Load(level, PlaceOf(request->device(), parts_.devices));
    FillNow(model.model().task, level, parts_.catalogue, *response->mutable_variant());
  });
}

grpc::Status ModelServiceImpl::UnloadVariant(grpc::ServerContext*, const v1::UnloadVariantRequest* request, v1::UnloadVariantResponse* response) {
  return StatusOf([&] {
    ThrowUnlessCallsAreTaken(parts_);
    const auto view = parts_.catalogue.View();
    const CatalogueModel& model = view->Find(request->task());
    const ServedLevel& level = FindNamed(request->name(), model);
    parts_.catalogue.Unload(level, PlaceOf(request->device(), parts_.devices));
    parts_.heap.GiveBack();
    FillNow(model.model().task, level, parts_.catalogue, *response->mutable_variant());
  });
}

grpc::Status ModelServiceImpl::WatchVariants(grpc::ServerContext* context, const v1::WatchVariantsRequest*, grpc::ServerWriter<v1::WatchVariantsResponse>* writer) {
  return StatusOf([&] {
    const WatcherSlot slot(watchers_);
    VariantChanges changes;
    for (int64_t seen = -1;;) {
      if (context->IsCancelled()) throw Error(ErrorCode::kCancelled, "cancelled by the client");
      if (parts_.draining) throw StoppingError();
      const int64_t version = parts_.catalogue.WaitForChange(seen, kPoll);
      if (version == seen) continue;
      seen = version;
      v1::ListVariantsResponse now;
      Fill(*parts_.catalogue.View(), now);
      for (v1::Variant& variant : changes.Take(std::move(now))) {
        v1::WatchVariantsResponse response;
        *response.mutable_variant() = std::move(variant);
        if (!writer->Write(response)) throw Error(ErrorCode::kCancelled, "the client has gone");
      }
    }
  });
}

ServerServiceImpl::ServerServiceImpl(ServiceParts& parts) : parts_(parts) { AddUnary("/tuckerseg.v1.ServerService/GetServerInfo", &ServerServiceImpl::GetServerInfo); }

grpc::Status ServerServiceImpl::GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                                              v1::GetServerInfoResponse* response) {
  return StatusOf([&] {
    const ServerConfig& config = parts_.config;
    response->set_version(TUCKERSEG_VERSION);
    response->set_executor(parts_.executor);
    int64_t capacity = 0;
    int64_t depth = 0;
    for (Device& device : parts_.devices) {
      response->add_devices(device.name());
      capacity += device.queue().capacity();
      depth += device.queue().depth();
    }
    response->set_max_input_bytes(static_cast<uint64_t>(config.max_input_bytes));
    response->set_max_voxels(static_cast<uint64_t>(config.volume_limits.max_voxels));
    response->set_max_axis(static_cast<uint64_t>(config.volume_limits.max_axis));
    response->set_max_chunk_bytes(static_cast<uint64_t>(kMaxChunkBytes));
    response->set_chunk_bytes(static_cast<uint64_t>(kSentChunkBytes));
    response->set_queue_capacity(static_cast<uint32_t>(capacity));
    response->set_queue_depth(static_cast<uint32_t>(depth));
    response->set_geometry_policy(NameOf(config.geometry_policy));
    response->set_memory_limit_bytes(static_cast<uint64_t>(parts_.memory.limit_bytes()));
    response->set_max_streams(static_cast<uint32_t>(config.max_streams));
    response->set_max_priority(config.limits.max_priority);
    if (config.open_inference) response->set_max_infer_message_bytes(static_cast<uint64_t>(LargestInferMessage(config)));
  });
}

}  // namespace tuckerseg
