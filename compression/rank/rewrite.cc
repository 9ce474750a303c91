#include "compression/rank/rewrite.h"

#include <algorithm>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {

Layer InTuckerForm(Layer layer, RankPair ranks) {
  if (!CanBeDecomposed(layer.kind)) {
    throw Error(ErrorCode::kInvalidArgument, "layer " + layer.name + ": cannot be decomposed: must be a convolution that is whole");
  }
  layer.kind = IsTransposed(layer.kind) ? LayerKind::kTuckerTransposedConvolution : LayerKind::kTuckerConvolution;
  layer.rank_in = ranks.in;
  layer.rank_out = ranks.out;
  return layer;
}

LayerGraph WithRanks(const LayerGraph& graph, const RankPlan& plan) {
  LayerGraph rewritten = graph;
  for (const auto& [name, ranks] : plan) {
    const auto layer = std::find_if(rewritten.layers.begin(), rewritten.layers.end(), [&name = name](const Layer& l) { return l.name == name; });
    if (layer == rewritten.layers.end()) throw Error(ErrorCode::kInvalidArgument, "layer " + name + ": must be one of the graph's");
    *layer = InTuckerForm(std::move(*layer), ranks);
  }
  rewritten.Validate();
  return rewritten;
}

}  // namespace tuckerseg
