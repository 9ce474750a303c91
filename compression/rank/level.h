/// The paper's rank rule: one number, the downsampling factor, for all layers (Weber, Dexl et al. 2025, arXiv 2404.09683).
#pragma once

#include <cstdint>

#include "compression/rank/rank_pair.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// No rank of the paper's runs is smaller, where there are as many channels.
inline constexpr int64_t kPaperLeastRank = 8;

/// `rank` rounded up to a multiple of `grid`, at most `channels`. Errors: kInvalidArgument unless grid is at least 1.
int64_t OnGrid(int64_t rank, int64_t grid, int64_t channels);

/// min(channels, max(least, ceil(channels * factor))), put on the grid. The product is taken as the decimal number that was meant: 320 at
/// 0.1 is 32. Errors: kInvalidArgument for a factor outside (0, 1], a grid below 1.
int64_t RankAt(int64_t channels, double factor, int64_t least, int64_t grid);

/// Ranks of every convolution and transposed convolution, first layer and head included; grid 1 is the paper's rule exactly. Layers that
/// are in Tucker form already are not named. Errors: as RankAt.
RankPlan PaperRanks(const LayerGraph& graph, double factor, int64_t grid = 1);

}  // namespace tuckerseg
