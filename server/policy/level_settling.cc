#include "server/policy/level_settling.h"

#include <algorithm>
#include <tuple>

namespace tuckerseg {

size_t SettleLevel(std::span<const LevelPossible> levels, double most_s) {
  const auto rank = [most_s](const LevelPossible& level) {
    const bool in_time = level.service_s <= most_s;
    return std::tuple(!in_time, in_time ? -level.quality : 0, level.service_s);
  };
  return static_cast<size_t>(std::min_element(levels.begin(), levels.end(), [&](const LevelPossible& a, const LevelPossible& b) { return rank(a) < rank(b); }) - levels.begin());
}

}  // namespace tuckerseg
