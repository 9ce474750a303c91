/// A model whose label map can be told from the volume by hand.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/engine/segment/random_volume.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {

/// One layer that says the first structure where the input is above the first of `thresholds_hu`, the second one above the second, ..., else background. They ascend; what has none
/// is never found.
inline Bundle ThresholdBundle(const std::string& task, const std::vector<std::string>& structures, const std::vector<float>& thresholds_hu) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  const auto classes = static_cast<int64_t>(structures.size()) + 1;
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = classes, .bias = true});
  Bundle bundle = TinyBundle(graph, {8, 8, 8}, 1);
  bundle.model.task = task;
  bundle.model.pipeline.totalsegmentator = true;
  for (size_t i = 0; i < structures.size(); ++i) bundle.model.labels[i].name = structures[i];
  const auto floats = [](const std::vector<float>& values) {
    std::vector<std::byte> bytes(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  };
  std::vector<float> weights(static_cast<size_t>(classes), 0);
  std::vector<float> biases(static_cast<size_t>(classes), -1000);
  biases[0] = 0;
  for (size_t i = 0; i < thresholds_hu.size(); ++i) {
    // Lines, each steeper by 1 than the one before: it crosses that one at its threshold.
    weights[i + 1] = weights[i] + 1;
    biases[i + 1] = biases[i] - thresholds_hu[i] / 500;  // the normalisation divides by 500
  }
  bundle.weights.front() = {};
  bundle.weights.front().Add("fold_0.head.weight", TensorType::kFloat32, {classes, 1, 1, 1, 1}, floats(weights));
  bundle.weights.front().Add("fold_0.head.bias", TensorType::kFloat32, {classes}, floats(biases));
  return bundle;
}

/// Of the structures the first alone, above `threshold_hu`.
inline Bundle ThresholdBundle(const std::string& task, const std::vector<std::string>& structures, float threshold_hu) {
  return ThresholdBundle(task, structures, std::vector<float>{threshold_hu});
}

/// Two networks of one structure each, run one after the other: `liver` (1) above `liver_hu`, then `spleen` (2) above `spleen_hu`, whose label stays where both are found.
inline Bundle OverlappingBundle(const std::string& task, float liver_hu, float spleen_hu) {
  Bundle bundle = ThresholdBundle(task, {"liver"}, liver_hu);
  Bundle later = ThresholdBundle(task, {"spleen"}, spleen_hu);
  later.model.labels.front().value = 2;
  bundle.model.labels.push_back(later.model.labels.front());
  later.model.parts.front().name = "later";
  later.model.parts.front().channel_labels = {0, 2};
  bundle.model.parts.push_back(later.model.parts.front());
  bundle.weights.push_back(later.weights.front());
  return bundle;
}

/// 1 HU everywhere (0 would be cropped away) but for `bright` voxels of `hu`.
inline Volume Field(const Index3& shape, const std::map<int64_t, int16_t>& bright) {
  Volume volume = RandomVolume(shape, 1);
  std::vector<int16_t> voxels(static_cast<size_t>(volume.geometry.VoxelCount()), 1);
  for (const auto& [place, hu] : bright) voxels[static_cast<size_t>(place)] = hu;
  std::memcpy(volume.voxels.data(), voxels.data(), volume.voxels.size());
  return volume;
}

}  // namespace tuckerseg
