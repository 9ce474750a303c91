#include "server/serve/model_service.h"

#include <string>

#include "engine/model/variant.h"
#include "server/serve/messages.h"
#include "server/serve/status_of.h"

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

void Describe(const Card& card, v1::Variant& message) {
  if (card.Quality()) message.set_quality(*card.Quality());
  if (card.dice_to_original && card.dice_to_original->mean) message.set_dice_to_original(*card.dice_to_original->mean);
  if (card.dice_to_reference && card.dice_to_reference->mean) message.set_dice_to_reference(*card.dice_to_reference->mean);
  message.set_phantoms(card.data.phantoms);
  message.set_seen_cases(static_cast<uint64_t>(card.data.seen_cases));
}

v1::VariantState ToMessage(LevelState state) {
  switch (state) {
    case LevelState::kAvailable: return v1::VARIANT_STATE_AVAILABLE;
    case LevelState::kLoading: return v1::VARIANT_STATE_LOADING;
    case LevelState::kLoaded: return v1::VARIANT_STATE_LOADED;
    case LevelState::kFailed: return v1::VARIANT_STATE_FAILED;
  }
  return v1::VARIANT_STATE_UNSPECIFIED;
}

void DescribeDevices(const ServedLevel& level, v1::Variant& message) {
  std::string loaded;
  for (const LevelOnDevice& place : level.devices) {
    v1::VariantOnDevice& device = *message.add_devices();
    device.set_device(place.device);
    device.set_state(ToMessage(place.state));
    device.set_pinned(place.pinned);
    device.set_error(place.error);
    if (place.state == LevelState::kLoaded) loaded += (loaded.empty() ? "" : ", ") + place.device;
  }
  message.set_state(ToMessage(StateOf(level)));
  message.set_device(loaded);
}

void Describe(const std::string& task, const ServedLevel& level, v1::Variant& message) {
  message.set_task(task);
  message.set_name(level.name);
  message.set_parameters(static_cast<uint64_t>(level.parameters));
  message.set_weight_bytes(static_cast<uint64_t>(level.weight_bytes));
  if (level.number) message.set_level(*level.number);
  message.set_default_(level.is_default);
  message.set_method(level.method);
  message.set_multiply_adds_per_patch(static_cast<uint64_t>(level.multiply_adds));
  if (level.card) Describe(*level.card, message);
  message.set_quality_statement(QualityStatement(level));
  message.set_error(level.error);
  DescribeDevices(level, message);
}

void DescribeVariants(const CatalogueModel& model, v1::ListVariantsResponse& response) {
  for (const ServedLevel& level : model.levels) Describe(model.model().task, level, *response.add_variants());
}

/// What nothing is known of but that it is broken: an original of a task of its directory's name.
void Describe(const BrokenBundle& broken, v1::Variant& message) {
  message.set_task(broken.directory);
  message.set_name(kOriginal);
  message.set_state(v1::VARIANT_STATE_FAILED);
  message.set_error(broken.error);
}

}  // namespace

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
    if (!request->task().empty()) return DescribeVariants(view->Find(request->task()), *response);
    for (const auto& [task, model] : view->models) DescribeVariants(model, *response);
    for (const BrokenBundle& broken : view->broken) Describe(broken, *response->add_variants());
  });
}

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
  });
}

}  // namespace tuckerseg
