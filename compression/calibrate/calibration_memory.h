/// What fitting to calibration patches takes in memory: told before hours of work, not by the kernel in the middle of them.
#pragma once

#include <cstdint>

#include "compression/rank/rank_pair.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Bytes of the features that are alive at once, at most, on `patches` patches of this shape: of the original and of the compressed network, in float32.
int64_t FeatureBytes(const LayerGraph& graph, const Size3& patch, int64_t patches);

/// Bytes of the matrices of the plan's largest regression (LayerFit): squares of rank_in times taps, in float64.
int64_t RegressionBytes(const LayerGraph& graph, const RankPlan& plan);

}  // namespace tuckerseg
