#include "server/variants/served_level.h"

#include <algorithm>
#include <utility>

#include "engine/model/cost.h"
#include "engine/model/variant.h"
#include "server/variants/card_words.h"

namespace tuckerseg {

void SetModel(ServedLevel& level, std::shared_ptr<const Model> model) {
  level.parameters = ParameterCount(*model);
  level.multiply_adds = TotalMultiplyAdds(*model);
  level.weight_bytes = Float32WeightBytes(*model);
  level.model = std::move(model);
}

bool ServedLevel::CanRun(const std::set<size_t>& stuck) const {
  if (!ready() || stuck.empty()) return ready();
  for (size_t place = 0; place < devices.size(); ++place) {
    if (devices[place].state != LevelState::kFailed && !stuck.contains(place)) return true;
  }
  return false;
}

LevelState StateOf(const ServedLevel& level) {
  const auto is = [&](LevelState state) {
    return std::any_of(level.devices.begin(), level.devices.end(), [state](const LevelOnDevice& device) { return device.state == state; });
  };
  for (const LevelState state : {LevelState::kLoaded, LevelState::kLoading, LevelState::kAvailable})
    if (is(state)) return state;
  return LevelState::kFailed;
}

std::string QualityStatement(const ServedLevel& level) {
  if (level.name == kOriginal) {
    const std::string original = "the original network: the reference that compressed variants are measured against";
    if (!level.card || !level.card->dice_to_reference || !level.card->dice_to_reference->mean) return original;
    Card to_reference = *level.card;
    to_reference.dice_to_original.reset();
    return original + "; " + MeasurementsInWords(to_reference);
  }
  return level.card ? MeasurementsInWords(*level.card) : "not measured";
}

std::string QualityStatement(const ServedLevel& level, Precision precision) {
  const std::string statement = QualityStatement(level);
  if (precision == Precision::kFloat32 || !level.card) return statement;
  return statement + "; measured in fp32, and this was made in " + NameOf(precision);
}

}  // namespace tuckerseg
