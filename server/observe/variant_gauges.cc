#include "server/observe/variant_gauges.h"

#include <utility>

namespace tuckerseg {

void VariantGauges::Show(const std::vector<LevelStatus>& levels) {
  const std::lock_guard lock(mutex_);
  std::set<Place> places;
  std::set<Level> costs;
  for (const LevelStatus& level : levels) {
    metrics_.SetVariantState(level.model, level.level, level.device, level.state);
    places.insert({level.model, level.level, level.device});
    if (level.parameters == 0) continue;  // its files could not be read
    metrics_.SetVariant(level.model, level.level, static_cast<double>(level.parameters), static_cast<double>(level.multiply_adds), level.quality);
    costs.insert({level.model, level.level});
  }
  for (const Place& place : places_) {
    const auto& [model, level, device] = place;
    if (!places.contains(place)) metrics_.ForgetVariantState(model, level, device);
  }
  for (const Level& cost : costs_) {
    if (!costs.contains(cost)) metrics_.ForgetVariant(cost.first, cost.second);
  }
  places_ = std::move(places);
  costs_ = std::move(costs);
}

}  // namespace tuckerseg
