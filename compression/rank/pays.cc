#include "compression/rank/pays.h"

#include "compression/rank/level.h"
#include "compression/rank/rewrite.h"
#include "engine/model/cost.h"

namespace tuckerseg {

bool Pays(const Layer& layer, RankPair ranks, const Size3& input_shape) {
  const Layer tucker = InTuckerForm(layer, ranks);
  return ParameterCount(tucker) < ParameterCount(layer) && MultiplyAdds(tucker, input_shape) < MultiplyAdds(layer, input_shape);
}

RankPlan WherePays(const LayerGraph& graph, const RankPlan& plan, const Size3& patch) {
  const LayerGraph tucker = WithRanks(graph, plan);
  const std::vector<int64_t> before = MultiplyAdds(graph, patch);
  const std::vector<int64_t> after = MultiplyAdds(tucker, patch);
  RankPlan paying = plan;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const bool pays = after[i] < before[i] && ParameterCount(tucker.layers[i]) < ParameterCount(graph.layers[i]);
    if (!pays) paying.erase(graph.layers[i].name);
  }
  return paying;
}

std::vector<RankPair> RanksThatPay(const Layer& layer, const Size3& input_shape, int64_t grid) {
  std::vector<RankPair> pairs;
  // Ends where the channels are reached: beyond them the grid gives the same rank again.
  for (int64_t in = 0; in < layer.in_channels;) {
    in = OnGrid(in + 1, grid, layer.in_channels);
    for (int64_t out = 0; out < layer.out_channels;) {
      out = OnGrid(out + 1, grid, layer.out_channels);
      if (Pays(layer, {in, out}, input_shape)) pairs.push_back({in, out});
    }
  }
  return pairs;
}

}  // namespace tuckerseg
