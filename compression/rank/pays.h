/// Where the Tucker form is cheaper than the layer: a factor on either side of a core can cost more than it saves.
#pragma once

#include <cstdint>
#include <vector>

#include "compression/rank/rank_pair.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Whether the layer's Tucker form has fewer parameters and fewer multiply-adds for an input of this shape: both, as a form that trades one
/// for the other serves no budget. Errors: as InTuckerForm.
bool Pays(const Layer& layer, RankPair ranks, const Size3& input_shape);

/// The plan without the layers for which it does not pay. Everything but the paper's rule goes through here.
/// Errors: as WithRanks.
RankPlan WherePays(const LayerGraph& graph, const RankPlan& plan, const Size3& patch);

/// All pairs of ranks on the grid (multiples, and the channels themselves) that pay: what a search chooses from. Ascending by `in`, then by
/// `out`. Errors: as InTuckerForm; kInvalidArgument for a grid below 1.
std::vector<RankPair> RanksThatPay(const Layer& layer, const Size3& input_shape, int64_t grid);

}  // namespace tuckerseg
