#include "compression/calibrate/level_bias.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

#include "compression/calibrate/layerwise.h"
#include "compression/calibrate/two_walks.h"
#include "engine/execute/torch/torch_errors.h"

namespace tuckerseg {
namespace {

/// By channel, over the voxels of all patches, which are of one size.
at::Tensor MeanDifference(const std::vector<at::Tensor>& expected, const std::vector<at::Tensor>& given) {
  at::Tensor sum = at::zeros({expected.front().size(1)}, at::kDouble);
  for (size_t p = 0; p < expected.size(); ++p) sum += (expected[p] - given[p]).mean(at::IntArrayRef{0, 2, 3, 4}, /*keepdim=*/false, at::kDouble);
  return (sum / static_cast<double>(expected.size())).to(at::kFloat);
}

Parameters Biases(const LayerGraph& original, const Parameters& parameters, const LayerGraph& level, Parameters& cut, const std::vector<at::Tensor>& patches) {
  const at::NoGradGuard no_gradients;
  const TrainableGraph graph(original, false);
  const TrainableGraph compressed(level, false);
  TwoWalks walks(graph, compressed, patches);
  Parameters biases;
  for (size_t i = 1; i < level.layers.size(); ++i) {
    const Layer& layer = level.layers[i];
    walks.RunOriginal(i, parameters);
    // Norms may have been corrected by the fit: all but layers without tensors count as changed.
    walks.RunCompressed(i, cut, !RequiredTensors({{layer}}).empty());
    if (IsTucker(layer.kind) && layer.bias && !IsNormalised(original, i)) {
      at::Tensor& bias = cut.at(layer.name + ".bias");
      bias = bias + MeanDifference(walks.Expected(static_cast<int>(i)), walks.Given(static_cast<int>(i)));
      biases[layer.name + ".bias"] = bias;
      walks.RunCompressed(i, cut, true);
    }
    walks.ReleaseBehind(i);
  }
  return biases;
}

}  // namespace

Parameters BiasesOfLevel(const LayerGraph& original, const Parameters& parameters, const LayerGraph& level, Parameters cut, const std::vector<at::Tensor>& patches) {
  return WithTorchErrors("calibration: must be fewer or smaller patches", [&] { return Biases(original, parameters, level, cut, patches); });
}

}  // namespace tuckerseg
