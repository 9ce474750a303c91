#include "engine/model/layer_graph.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "engine/error.h"

namespace tuckerseg {
namespace {

[[noreturn]] void Refuse(const Layer& layer, const std::string& field, const std::string& right) {
  throw Error(ErrorCode::kInvalidArgument, "layer " + layer.name + ": " + field + ": " + right);
}

/// More channels or a larger kernel than any network has: keeps products of sizes far from overflow.
constexpr int64_t kLargestSize = int64_t{1} << 20;
constexpr int64_t kLargestKernel = 64;

bool HasKernel(LayerKind kind) {
  return IsConvolution(kind) || kind == LayerKind::kAveragePool;
}

void CheckSizes(const Layer& layer) {
  const auto check_channels = [&layer](const char* field, int64_t channels) {
    if (channels < 1 || channels > kLargestSize) Refuse(layer, field + (" = " + std::to_string(channels)), "must be in [1, 2^20]");
  };
  check_channels("in_channels", layer.in_channels);
  check_channels("out_channels", layer.out_channels);
  for (size_t a = 0; a < 3; ++a) {
    if (layer.kernel[a] < 1 || layer.kernel[a] > kLargestKernel) Refuse(layer, "kernel", "must be in [1, 64]");
    if (layer.stride[a] < 1 || layer.stride[a] > kLargestKernel) Refuse(layer, "stride", "must be in [1, 64]");
    const bool pads = layer.kind == LayerKind::kConvolution || layer.kind == LayerKind::kTuckerConvolution;
    if (pads && layer.kernel[a] % 2 == 0) Refuse(layer, "kernel", "must be odd, so that the padding keeps the shape");
    const bool tiles = IsTransposed(layer.kind) || layer.kind == LayerKind::kAveragePool;
    if (tiles && layer.kernel[a] != layer.stride[a]) Refuse(layer, "kernel", "must equal the stride");
    if (!HasKernel(layer.kind) && (layer.kernel[a] != 1 || layer.stride[a] != 1)) {
      Refuse(layer, "kernel", "must be 1 for a layer without one");
    }
  }
  if (IsTucker(layer.kind)) {
    if (layer.rank_in < 1 || layer.rank_in > layer.in_channels) {
      Refuse(layer, "rank_in = " + std::to_string(layer.rank_in), "must be in [1, " + std::to_string(layer.in_channels) + "]");
    }
    if (layer.rank_out < 1 || layer.rank_out > layer.out_channels) {
      Refuse(layer, "rank_out = " + std::to_string(layer.rank_out), "must be in [1, " + std::to_string(layer.out_channels) + "]");
    }
  }
}

/// Strides of every layer's output against the patch, with the decoder undoing the encoder's.
void CheckInputs(const LayerGraph& graph, size_t place, std::vector<Size3>& strides) {
  const Layer& layer = graph.layers[place];
  const bool joins = layer.kind == LayerKind::kConcat || layer.kind == LayerKind::kAdd;
  if (joins ? layer.inputs.size() < 2 : layer.inputs.size() != 1) Refuse(layer, "inputs", joins ? "must be two or more" : "must be one");
  int64_t channels = 0;
  for (const int input : layer.inputs) {
    if (input < 0 || static_cast<size_t>(input) >= place) Refuse(layer, "inputs", "must come before the layer");
    const auto i = static_cast<size_t>(input);
    if (strides[i] != strides[static_cast<size_t>(layer.inputs.front())]) Refuse(layer, "inputs", "must have the same shape");
    if (layer.kind == LayerKind::kAdd && graph.layers[i].out_channels != layer.in_channels) {
      Refuse(layer, "inputs", "must have the same number of channels");
    }
    channels += graph.layers[i].out_channels;
  }
  if (layer.kind == LayerKind::kAdd) channels = layer.in_channels;
  if (channels != layer.in_channels) {
    Refuse(layer, "in_channels = " + std::to_string(layer.in_channels), "must be " + std::to_string(channels) + ", what its inputs have");
  }
  if (!IsConvolution(layer.kind) && layer.out_channels != layer.in_channels) Refuse(layer, "out_channels", "must equal in_channels");

  Size3 stride = strides[static_cast<size_t>(layer.inputs.front())];
  for (size_t a = 0; a < 3; ++a) {
    if (IsTransposed(layer.kind)) {
      if (stride[a] % layer.stride[a] != 0) Refuse(layer, "stride", "must undo strides before it");
      stride[a] /= layer.stride[a];
    } else {
      stride[a] *= layer.stride[a];
      if (stride[a] > kLargestSize) Refuse(layer, "stride", "must not shrink a patch more than 2^20 times");
    }
  }
  strides.push_back(stride);
}

/// The least number that all strides divide, by axis: of a patch that is a multiple of it every layer's output has a whole number of voxels, so that what is
/// joined meets and what goes up ends where it began. The largest stride would do only where each is a multiple of the smaller ones.
Size3 CommonMultiple(const std::vector<Size3>& strides) {
  Size3 common{1, 1, 1};
  for (const Size3& stride : strides)
    for (size_t a = 0; a < 3; ++a) common[a] = std::lcm(common[a], stride[a]);
  return common;
}

}  // namespace

void LayerGraph::Validate() const {
  if (layers.size() > kMostLayers) {
    throw Error(ErrorCode::kInvalidArgument, "graph: " + std::to_string(layers.size()) + " layers: must be at most " + std::to_string(kMostLayers));
  }
  if (layers.empty() || layers.front().kind != LayerKind::kInput || !layers.front().inputs.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "graph: must begin with an input layer");
  }
  std::set<std::string> names;
  std::vector<Size3> strides{{1, 1, 1}};
  Size3 common{1, 1, 1};
  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    if (layer.name.empty() || !names.insert(layer.name).second) Refuse(layer, "name", "must be there and unique");
    CheckSizes(layer);
    if (i == 0) continue;
    if (layer.kind == LayerKind::kInput) Refuse(layer, "kind", "must not be a second input");
    CheckInputs(*this, i, strides);
    common = CommonMultiple({common, strides.back()});
    if (*std::max_element(common.begin(), common.end()) > kLargestSize) Refuse(layer, "stride", "must not ask for patches of multiples above 2^20");
  }
}

namespace {

/// By how much each layer's output is coarser than the patch.
std::vector<Size3> Strides(const LayerGraph& graph) {
  std::vector<Size3> strides{{1, 1, 1}};
  for (size_t i = 1; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    Size3 stride = strides[static_cast<size_t>(layer.inputs.front())];
    const bool up = IsTransposed(layer.kind);
    for (size_t a = 0; a < 3; ++a) stride[a] = up ? stride[a] / layer.stride[a] : stride[a] * layer.stride[a];
    strides.push_back(stride);
  }
  return strides;
}

}  // namespace

Size3 LayerGraph::PatchDivisor() const { return CommonMultiple(Strides(*this)); }

bool LayerGraph::KeepsResolution() const { return Strides(*this).back() == Size3{1, 1, 1}; }

std::vector<Size3> FeatureShapes(const LayerGraph& graph, const Size3& patch) {
  std::vector<Size3> shapes{patch};
  for (size_t i = 1; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    Size3 shape = shapes[static_cast<size_t>(layer.inputs.front())];
    for (size_t a = 0; a < 3; ++a) {
      if (IsTransposed(layer.kind)) {
        shape[a] *= layer.stride[a];
      } else if (layer.kind == LayerKind::kAveragePool) {
        shape[a] /= layer.stride[a];
      } else {
        shape[a] = (shape[a] + layer.stride[a] - 1) / layer.stride[a];
      }
    }
    shapes.push_back(shape);
  }
  return shapes;
}

std::vector<TensorSpec> RequiredTensors(const LayerGraph& graph) {
  std::vector<TensorSpec> specs;
  for (const Layer& layer : graph.layers) {
    const Size3& k = layer.kernel;
    switch (layer.kind) {
      case LayerKind::kConvolution:
        specs.push_back({layer.name + ".weight", {layer.out_channels, layer.in_channels, k[0], k[1], k[2]}});
        break;
      case LayerKind::kTuckerConvolution:
        specs.push_back({layer.name + ".in_factor", {layer.in_channels, layer.rank_in}});
        specs.push_back({layer.name + ".core", {layer.rank_out, layer.rank_in, k[0], k[1], k[2]}});
        specs.push_back({layer.name + ".out_factor", {layer.out_channels, layer.rank_out}});
        break;
      case LayerKind::kTransposedConvolution:
        specs.push_back({layer.name + ".weight", {layer.in_channels, layer.out_channels, k[0], k[1], k[2]}});
        break;
      case LayerKind::kTuckerTransposedConvolution:
        specs.push_back({layer.name + ".in_factor", {layer.in_channels, layer.rank_in}});
        specs.push_back({layer.name + ".core", {layer.rank_in, layer.rank_out, k[0], k[1], k[2]}});
        specs.push_back({layer.name + ".out_factor", {layer.out_channels, layer.rank_out}});
        break;
      case LayerKind::kInstanceNorm:
        specs.push_back({layer.name + ".weight", {layer.out_channels}});
        specs.push_back({layer.name + ".bias", {layer.out_channels}});
        continue;
      default:
        continue;
    }
    if (layer.bias) specs.push_back({layer.name + ".bias", {layer.out_channels}});
  }
  return specs;
}

}  // namespace tuckerseg
