#include "server/observe/variant_gauges.h"

#include <algorithm>
#include <utility>

namespace tuckerseg {

void VariantGauges::Show(const std::vector<LevelStatus>& levels) {
  const std::lock_guard lock(mutex_);
  std::set<Place> shown;
  for (const LevelStatus& level : levels) {
    metrics_.SetVariantState(level.model, level.level, level.device, level.state);
    shown.insert({level.model, level.level, level.device});
    if (level.parameters == 0) continue;  // its files could not be read
    metrics_.SetVariant(level.model, level.level, static_cast<double>(level.parameters), static_cast<double>(level.multiply_adds), level.quality);
  }
  ForgetAllBut(shown);
  shown_ = std::move(shown);
}

void VariantGauges::ForgetAllBut(const std::set<Place>& shown) {
  for (const Place& place : shown_) {
    if (shown.contains(place)) continue;
    const auto& [model, level, device] = place;
    metrics_.ForgetVariantState(model, level, device);
    const bool is_elsewhere = std::any_of(shown.begin(), shown.end(), [&place](const Place& other) {
      return std::get<0>(other) == std::get<0>(place) && std::get<1>(other) == std::get<1>(place);
    });
    if (!is_elsewhere) metrics_.ForgetVariant(model, level);
  }
}

}  // namespace tuckerseg
