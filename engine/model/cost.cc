#include "engine/model/cost.h"

#include <numeric>

namespace tuckerseg {
namespace {

int64_t Product(const Size3& size) { return size[0] * size[1] * size[2]; }

int64_t MultiplyAdds(const Layer& layer, int64_t in_voxels, int64_t out_voxels) {
  const int64_t taps = Product(layer.kernel);
  switch (layer.kind) {
    case LayerKind::kConvolution:
      return layer.in_channels * layer.out_channels * taps * out_voxels;
    case LayerKind::kTransposedConvolution:
      return layer.in_channels * layer.out_channels * taps * in_voxels;
    case LayerKind::kTuckerConvolution:
    case LayerKind::kTuckerTransposedConvolution: {
      const int64_t core_voxels = IsTransposed(layer.kind) ? in_voxels : out_voxels;
      return layer.in_channels * layer.rank_in * in_voxels + layer.rank_in * layer.rank_out * taps * core_voxels +
             layer.rank_out * layer.out_channels * out_voxels;
    }
    default:
      return 0;
  }
}

}  // namespace

int64_t ParameterCount(const Layer& layer) { return ParameterCount(LayerGraph{{layer}}); }

int64_t ParameterCount(const LayerGraph& graph) {
  int64_t count = 0;
  for (const TensorSpec& spec : RequiredTensors(graph))
    count += std::accumulate(spec.shape.begin(), spec.shape.end(), int64_t{1}, std::multiplies<>());
  return count;
}

int64_t ParameterCount(const Model& model) {
  int64_t count = 0;
  for (const ModelPart& part : model.parts) count += ParameterCount(part.graph);
  return count;
}

int64_t Float32WeightBytes(const Model& model) {
  int64_t elements = 0;
  for (const ModelPart& part : model.parts) elements += ParameterCount(part.graph) * static_cast<int64_t>(part.folds.size());
  return elements * static_cast<int64_t>(sizeof(float));
}

std::vector<int64_t> MultiplyAdds(const LayerGraph& graph, const Size3& patch) {
  const std::vector<Size3> shapes = FeatureShapes(graph, patch);
  std::vector<int64_t> counts{0};
  for (size_t i = 1; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    counts.push_back(MultiplyAdds(layer, Product(shapes[static_cast<size_t>(layer.inputs.front())]), Product(shapes[i])));
  }
  return counts;
}

int64_t MultiplyAdds(const Layer& layer, const Size3& input_shape) {
  LayerGraph alone{{Layer{}, layer}};
  alone.layers.back().inputs = {0};
  return MultiplyAdds(alone, input_shape).back();
}

int64_t TotalMultiplyAdds(const LayerGraph& graph, const Size3& patch) {
  const std::vector<int64_t> counts = MultiplyAdds(graph, patch);
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

int64_t TotalMultiplyAdds(const Model& model) {
  int64_t count = 0;
  for (const ModelPart& part : model.parts) count += TotalMultiplyAdds(part.graph, part.patch_size);
  return count;
}

}  // namespace tuckerseg
