#include "server/variants/eviction.h"

namespace tuckerseg {

std::optional<size_t> FirstToGo(std::span<const LevelUse> levels) {
  std::optional<size_t> first;
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].held || levels[i].pinned) continue;
    if (!first || levels[i].used < levels[*first].used) first = i;
  }
  return first;
}

}  // namespace tuckerseg
