#include "engine/segment/patch_walk.h"

#include <algorithm>
#include <cstddef>

#include "engine/error.h"

namespace tuckerseg {

void VisitPatches(const PatchGrid& grid, const std::stop_token& stop, const std::function<void(const ArrayShape&)>& visit,
                  const std::function<void(const NextOrigins&)>& line_done) {
  const auto next = [&grid](size_t axis, size_t i) {
    return i + 1 < grid.origins[axis].size() ? grid.origins[axis][i + 1] : grid.padded[axis];
  };
  for (size_t i = 0; i < grid.origins[0].size(); ++i)
    for (size_t j = 0; j < grid.origins[1].size(); ++j) {
      for (const int64_t z : grid.origins[2]) {
        if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "cancelled between two patches");
        visit({grid.origins[0][i], grid.origins[1][j], z});
      }
      line_done({next(0, i), next(1, j)});
    }
}

std::vector<unsigned> FlipsOf(const ModelPart& part) {
  unsigned axes = 0;
  for (const int axis : part.mirror_axes) axes |= 1U << static_cast<unsigned>(axis);
  std::vector<unsigned> flips;
  for (unsigned subset = 0; subset < 8; ++subset)
    if ((subset & ~axes) == 0) flips.push_back(subset);
  std::stable_sort(flips.begin(), flips.end(), [](unsigned a, unsigned b) { return __builtin_popcount(a) < __builtin_popcount(b); });
  return flips;
}

}  // namespace tuckerseg
