#include "server/serve/variant_messages.h"

#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

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
