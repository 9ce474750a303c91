/// Small networks with seeded random weights, for tests that need one to run.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/model/bundle.h"
#include "engine/model/layer_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// Adds a layer and returns its place.
inline int AddLayer(LayerGraph& graph, Layer layer) {
  graph.layers.push_back(std::move(layer));
  return static_cast<int>(graph.layers.size()) - 1;
}

/// A U-Net of two stages with a skip, a residual sum and every kind of layer but the Tucker convolution:
/// 1 -> `channels` -> 2 `channels` (stride 2, 2, 1) -> `classes`.
inline LayerGraph TinyUnet(int64_t channels, int64_t classes) {
  LayerGraph graph;
  const int64_t deep = 2 * channels;
  const int input = AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  const auto unit = [&](const std::string& name, int from, int64_t in, int64_t out, Size3 kernel, Size3 stride) {
    const int conv = AddLayer(graph, {.name = name + ".conv", .kind = LayerKind::kConvolution, .inputs = {from},
                                      .in_channels = in, .out_channels = out, .kernel = kernel, .stride = stride, .bias = true});
    const int norm = AddLayer(graph, {.name = name + ".norm", .kind = LayerKind::kInstanceNorm, .inputs = {conv},
                                      .in_channels = out, .out_channels = out});
    return AddLayer(graph, {.name = name + ".nonlin", .kind = LayerKind::kLeakyRelu, .inputs = {norm}, .in_channels = out,
                            .out_channels = out});
  };
  const int skip = unit("encoder.0", input, 1, channels, {1, 3, 3}, {1, 1, 1});
  const int bottom = unit("encoder.1", skip, channels, deep, {3, 3, 3}, {2, 2, 1});
  const int pooled = AddLayer(graph, {.name = "pool", .kind = LayerKind::kAveragePool, .inputs = {skip}, .in_channels = channels,
                                      .out_channels = channels, .kernel = {2, 2, 1}, .stride = {2, 2, 1}});
  const int widened = AddLayer(graph, {.name = "project", .kind = LayerKind::kConvolution, .inputs = {pooled},
                                       .in_channels = channels, .out_channels = deep});
  const int sum = AddLayer(graph, {.name = "sum", .kind = LayerKind::kAdd, .inputs = {bottom, widened}, .in_channels = deep,
                                   .out_channels = deep});
  const int up = AddLayer(graph, {.name = "up", .kind = LayerKind::kTransposedConvolution, .inputs = {sum}, .in_channels = deep,
                                  .out_channels = channels, .kernel = {2, 2, 1}, .stride = {2, 2, 1}, .bias = true});
  const int joined = AddLayer(graph, {.name = "concat", .kind = LayerKind::kConcat, .inputs = {up, skip}, .in_channels = deep,
                                      .out_channels = deep});
  const int last = unit("decoder.0", joined, deep, channels, {3, 3, 3}, {1, 1, 1});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {last}, .in_channels = channels,
                   .out_channels = classes, .bias = true});
  return graph;
}

/// Normally distributed weights for every tensor of the graph, named `prefix` + name.
inline WeightStore RandomWeights(const LayerGraph& graph, const std::string& prefix, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, 0.5F);
  WeightStore weights;
  for (const TensorSpec& spec : RequiredTensors(graph)) {
    int64_t count = 1;
    for (const int64_t size : spec.shape) count *= size;
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = normal(random);
    std::vector<std::byte> bytes(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    weights.Add(prefix + spec.name, TensorType::kFloat32, spec.shape, std::move(bytes));
  }
  return weights;
}

/// A model of one part and one fold around `graph`: nnU-Net's own pipeline at 1 mm, CT normalisation that keeps values
/// in [-1000, 1000] and divides by 500, labels 1 ... classes - 1.
inline Bundle TinyBundle(const LayerGraph& graph, const Size3& patch, unsigned seed) {
  Bundle bundle;
  ModelPart part;
  part.name = "network";
  part.graph = graph;
  part.folds = {"0"};
  part.patch_size = patch;
  part.spacing_mm = {1, 1, 1};
  part.normalization = {{.scheme = NormalizationScheme::kCt, .lower = -1000, .upper = 1000, .mean = 0, .std_dev = 500}};
  part.data_resampling = {.kind = ResamplingKind::kDefault, .order = 3, .order_z = 0, .force_separate_z = {}};
  part.logits_resampling = {.kind = ResamplingKind::kDefault, .order = 1, .order_z = 0, .force_separate_z = {}};
  for (int64_t c = 0; c < graph.OutChannels(); ++c) {
    part.channel_labels.push_back(c);
    if (c > 0) {
      bundle.model.labels.push_back({.value = c, .name = "structure_" + std::to_string(c), .rgb = {}, .snomed_code = {},
                                     .snomed_meaning = {}, .snomed_modifier = {}});
    }
  }
  bundle.model.name = "tiny";
  bundle.model.task = "tiny";
  bundle.model.parts = {part};
  bundle.weights.push_back(RandomWeights(graph, "fold_0.", seed));
  return bundle;
}

}  // namespace tuckerseg
