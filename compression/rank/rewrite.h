/// Puts layers of a graph into Tucker form.
#pragma once

#include "compression/rank/rank_pair.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// A convolution, transposed or not, that is still whole.
constexpr bool CanBeDecomposed(LayerKind kind) { return kind == LayerKind::kConvolution || kind == LayerKind::kTransposedConvolution; }

/// The layer between factors: name, inputs, channels, bias, kernel and stride stay; kernel and stride are the core's.
/// Errors: kInvalidArgument that names the layer, if it cannot be decomposed.
Layer InTuckerForm(Layer layer, RankPair ranks);

/// The graph with the plan's layers in Tucker form, all else as it is.
/// Errors: kInvalidArgument that names the layer: one that the graph lacks, that has no weights to decompose or is in Tucker form already;
/// a rank outside [1, channels].
LayerGraph WithRanks(const LayerGraph& graph, const RankPlan& plan);

}  // namespace tuckerseg
