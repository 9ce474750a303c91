#include "compression/rank/level.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "compression/rank/rewrite.h"
#include "engine/error.h"

namespace tuckerseg {

int64_t OnGrid(int64_t rank, int64_t grid, int64_t channels) {
  if (grid < 1) throw Error(ErrorCode::kInvalidArgument, "grid = " + std::to_string(grid) + ": must be at least 1");
  return std::min(channels, (rank + grid - 1) / grid * grid);
}

int64_t RankAt(int64_t channels, double factor, int64_t least, int64_t grid) {
  if (!(factor > 0 && factor <= 1)) {
    std::ostringstream text;
    text << "level = " << factor << ": must be in (0, 1]";
    throw Error(ErrorCode::kInvalidArgument, text.str());
  }
  // Factors are decimal numbers that binary ones only come near: the product may lie a rounding above the whole number that is meant
  // (100 * 0.07 = 7.000000000000001).
  constexpr double kRoundings = 1e-12;
  const auto rank = static_cast<int64_t>(std::ceil(static_cast<double>(channels) * factor * (1 - kRoundings)));
  return OnGrid(std::max(least, rank), grid, channels);
}

RankPlan PaperRanks(const LayerGraph& graph, double factor, int64_t grid) {
  RankPlan plan;
  for (const Layer& layer : graph.layers) {
    if (!CanBeDecomposed(layer.kind)) continue;
    plan[layer.name] = {RankAt(layer.in_channels, factor, kPaperLeastRank, grid), RankAt(layer.out_channels, factor, kPaperLeastRank, grid)};
  }
  return plan;
}

}  // namespace tuckerseg
