#include "server/variants/eviction.h"

#include <tuple>

namespace tuckerseg {

std::optional<size_t> FirstToGo(std::span<const LevelUse> levels) {
  std::optional<size_t> first;
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].held || levels[i].pinned) continue;
    const auto order = [&levels](size_t place) { return std::tuple(levels[place].loaded, levels[place].used); };
    if (!first || order(i) < order(*first)) first = i;
  }
  return first;
}

}  // namespace tuckerseg
