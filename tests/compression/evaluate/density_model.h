/// A model that tells the spheres of sphere_cases.h apart by their density, so that what it finds is known.
#pragma once

#include "tests/engine/tiny_network.h"

namespace tuckerseg {

/// Spleen (value 1) between 100 and 275 HU, liver (value 2; the cases call it 5) above, background below.
inline Bundle DensityBundle() {
  LayerGraph graph;
  const int input = AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {input}, .in_channels = 1, .out_channels = 3, .bias = true});
  Bundle bundle = TinyBundle(graph, {16, 16, 16}, 1);
  bundle.model.labels[0].name = "spleen";
  bundle.model.labels[1].name = "liver";
  ModelPart& part = bundle.model.parts.front();
  part.spacing_mm = {3, 3, 3};  // the cases' own: nothing is resampled
  // Intensities reach the network as HU / 500. Three lines that cross at 100 and at 275 HU.
  const std::vector<float> slopes{0, 1, 2};
  const std::vector<float> offsets{0, -0.2F, -0.75F};
  const auto bytes = [](const std::vector<float>& values) {
    const auto raw = std::as_bytes(std::span(values));
    return std::vector<std::byte>(raw.begin(), raw.end());
  };
  WeightStore weights;
  weights.Add("fold_0.head.weight", TensorType::kFloat32, {3, 1, 1, 1, 1}, bytes(slopes));
  weights.Add("fold_0.head.bias", TensorType::kFloat32, {3}, bytes(offsets));
  bundle.weights.clear();
  bundle.weights.push_back(std::move(weights));
  return bundle;
}

}  // namespace tuckerseg
