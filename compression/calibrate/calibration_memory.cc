#include "compression/calibrate/calibration_memory.h"

#include <algorithm>
#include <vector>

#include "compression/train/trainable_graph.h"

namespace tuckerseg {
namespace {

constexpr int64_t kWalks = 2;
/// Moments of both halves and of all, what is solved, its factor, and one in passing.
constexpr int64_t kSquares = 6;

}  // namespace

int64_t FeatureBytes(const LayerGraph& graph, const Size3& patch, int64_t patches) {
  const std::vector<Size3> shapes = FeatureShapes(graph, patch);
  const TrainableGraph walked(graph, /*deep_supervision=*/false);  // which lets go of features as TwoWalks does
  int64_t most = 0;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    int64_t alive = 0;
    for (size_t j = 0; j <= i; ++j)
      if (walked.LastUse(j) >= i) alive += graph.layers[j].out_channels * shapes[j][0] * shapes[j][1] * shapes[j][2];
    most = std::max(most, alive);
  }
  return most * kWalks * patches * static_cast<int64_t>(sizeof(float));
}

int64_t RegressionBytes(const LayerGraph& graph, const RankPlan& plan) {
  int64_t most = 0;
  for (const Layer& layer : graph.layers) {
    const auto found = plan.find(layer.name);
    if (found == plan.end()) continue;
    const int64_t taps = IsTransposed(layer.kind) ? 1 : layer.kernel[0] * layer.kernel[1] * layer.kernel[2];
    most = std::max(most, found->second.in * taps);
  }
  return most * most * kSquares * static_cast<int64_t>(sizeof(double));
}

}  // namespace tuckerseg
