#include "server/observe/variant_gauges.h"

#include <utility>

namespace tuckerseg {
namespace {

/// Of two that share their labels the one that an operator has to know of.
LevelState Worse(LevelState a, LevelState b) {
  for (const LevelState state : {LevelState::kFailed, LevelState::kAvailable, LevelState::kLoading})
    if (a == state || b == state) return state;
  return LevelState::kLoaded;
}

}  // namespace

void VariantGauges::Show(const std::vector<LevelStatus>& levels) {
  const std::lock_guard lock(mutex_);
  std::map<Place, LevelState> places;
  std::set<Level> costs;
  for (const LevelStatus& level : levels) {
    const auto [place, is_new] = places.try_emplace(Place(level.model, level.level, level.device), level.state);
    if (!is_new) place->second = Worse(place->second, level.state);
    if (level.parameters == 0) continue;  // its files could not be read
    if (!costs.emplace(level.model, level.level).second) continue;
    metrics_.SetVariant(level.model, level.level, static_cast<double>(level.parameters), static_cast<double>(level.multiply_adds), level.quality);
  }
  for (const auto& [place, state] : places) {
    const auto& [model, level, device] = place;
    metrics_.SetVariantState(model, level, device, state);
  }
  for (const auto& [place, state] : places_) {
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
