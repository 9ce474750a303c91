#include "server/serve/variant_messages.h"

#include "engine/model/variant.h"
#include "server/variants/shown_text.h"

namespace tuckerseg {
namespace {

/// What both kinds of measurement begin with.
template <typename Measured, typename Message>
void DescribeRun(const Measured& measured, Message& message) {
  message.set_device(ShownText(measured.device));
  message.set_executor(ShownText(measured.executor));
  message.set_precision(ShownText(measured.precision));
  message.set_threads(static_cast<uint32_t>(measured.threads));
  if (measured.peak_bytes) message.set_peak_bytes(static_cast<uint64_t>(*measured.peak_bytes));
}

void DescribeTimes(const Card& card, v1::Variant& message) {
  for (const CardLatency& latency : card.latency) {
    v1::MeasuredPatch& patch = *message.add_measured_patches();
    DescribeRun(latency, patch);
    for (const int64_t voxels : latency.patch) patch.add_shape(static_cast<uint64_t>(voxels));
    patch.set_min_seconds(latency.min_s);
    patch.set_median_seconds(latency.median_s);
  }
  for (const CardVolumeLatency& latency : card.volume_latency) {
    v1::MeasuredVolume& volume = *message.add_measured_volumes();
    DescribeRun(latency, volume);
    for (const int64_t voxels : latency.shape) volume.add_shape(static_cast<uint64_t>(voxels));
    for (const double spacing : latency.spacing_mm) volume.add_spacing_mm(spacing);
    if (latency.patches) volume.set_patches(static_cast<uint64_t>(*latency.patches));
    volume.set_seconds(latency.seconds);
  }
}

void Describe(const Card& card, v1::Variant& message) {
  if (card.Quality()) message.set_quality(*card.Quality());
  if (card.dice_to_original && card.dice_to_original->mean) message.set_dice_to_original(*card.dice_to_original->mean);
  if (card.dice_to_reference && card.dice_to_reference->mean) message.set_dice_to_reference(*card.dice_to_reference->mean);
  message.set_phantoms(card.data.phantoms);
  message.set_seen_cases(static_cast<uint64_t>(card.data.seen_cases));
  DescribeTimes(card, message);
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

/// What nothing is known of but that it is broken: an original of a task of its directory's name.
void Describe(const BrokenBundle& broken, v1::Variant& message) {
  message.set_task(broken.directory);
  message.set_name(kOriginal);
  message.set_state(v1::VARIANT_STATE_FAILED);
  message.set_error(broken.error);
}

}  // namespace

void Fill(const std::string& task, const ServedLevel& level, v1::Variant& message) {
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
  message.set_weights_sha256(level.weights_sha256);
  message.set_error(level.error);
  DescribeDevices(level, message);
}

void Fill(const CatalogueModel& model, v1::ListVariantsResponse& response) {
  for (const ServedLevel& level : model.levels) Fill(model.model().task, level, *response.add_variants());
}

void Fill(const CatalogueView& view, v1::ListVariantsResponse& response) {
  for (const auto& [task, model] : view.models) Fill(model, response);
  for (const BrokenBundle& broken : view.broken) Describe(broken, *response.add_variants());
}

}  // namespace tuckerseg
