/// A network as data: a plain list of layers that importers build, compression rewrites and executors run.
///
/// Axes 0, 1, 2 are nnU-Net's array axes after transpose_forward (z, y, x for an untransposed image). One-patch batches.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tuckerseg {

using Size3 = std::array<int64_t, 3>;

enum class LayerKind {
  kInput,                  ///< the patch: [channels, d0, d1, d2]
  kConvolution,            ///< NAME.weight [out, in, k0, k1, k2], NAME.bias [out] where `bias`; zero padding (k-1)/2
  kTuckerConvolution,      ///< NAME.in_factor [in, rank_in], NAME.core [rank_out, rank_in, k0, k1, k2],
                           ///< NAME.out_factor [out, rank_out], NAME.bias [out]; padding and stride belong to the core
  kTransposedConvolution,  ///< NAME.weight [in, out, k0, k1, k2], NAME.bias [out] where `bias`; kernel = stride, no padding
  kTuckerTransposedConvolution,  ///< NAME.in_factor [in, rank_in], NAME.core [rank_in, rank_out, k0, k1, k2],
                           ///< NAME.out_factor [out, rank_out], NAME.bias [out]; kernel and stride belong to the core
  kInstanceNorm,           ///< NAME.weight [c], NAME.bias [c]; biased variance over the patch, per channel
  kLeakyRelu,
  kAveragePool,            ///< kernel = stride, no padding, remainder dropped
  kConcat,                 ///< along channels, in the order of `inputs`
  kAdd,
};

/// One of the two kinds in Tucker form: factors around a core.
constexpr bool IsTucker(LayerKind kind) {
  return kind == LayerKind::kTuckerConvolution || kind == LayerKind::kTuckerTransposedConvolution;
}
/// Each input voxel becomes a block of output voxels.
constexpr bool IsTransposed(LayerKind kind) {
  return kind == LayerKind::kTransposedConvolution || kind == LayerKind::kTuckerTransposedConvolution;
}
/// Has weights and changes the number of channels: what compression works on.
constexpr bool IsConvolution(LayerKind kind) {
  return kind == LayerKind::kConvolution || IsTucker(kind) || IsTransposed(kind);
}

struct Layer {
  std::string name;         ///< unique; the prefix of the layer's tensors
  LayerKind kind = LayerKind::kInput;
  std::vector<int> inputs;  ///< places in LayerGraph::layers, each before this layer
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  Size3 kernel{1, 1, 1};
  Size3 stride{1, 1, 1};
  bool bias = false;
  int64_t rank_in = 0;          ///< both Tucker kinds only
  int64_t rank_out = 0;         ///< both Tucker kinds only
  double epsilon = 1e-5;        ///< instance norms only
  double negative_slope = 0.01; ///< leaky ReLUs only
  bool operator==(const Layer&) const = default;
};

/// Many times those of the deepest networks that nnU-Net plans (about 230): bounds what a model.json can ask for.
inline constexpr size_t kMostLayers = 4096;

/// One input (the first layer), one output (the last).
struct LayerGraph {
  std::vector<Layer> layers;
  int64_t InChannels() const { return layers.front().out_channels; }
  int64_t OutChannels() const { return layers.back().out_channels; }
  bool operator==(const LayerGraph&) const = default;

  /// Checks that every layer's inputs come before it and fit it, that names are unique and sizes positive (odd kernels for
  /// convolutions: the padding (k-1)/2 keeps shapes). Errors: kInvalidArgument that names the layer and the field.
  void Validate() const;

  /// A patch's axes must be multiples of these for every layer's output to be of whole voxels and for branches to meet: the least common multiple of the
  /// layers' strides, each from the patch to its output.
  Size3 PatchDivisor() const;

  /// Whether the output has one voxel for each of the patch's, as segmentation needs.
  bool KeepsResolution() const;
};

/// The shape of every layer's output for a patch whose axes are multiples of PatchDivisor(), by place.
std::vector<Size3> FeatureShapes(const LayerGraph& graph, const Size3& patch);

/// A tensor that a layer needs: its name and shape.
struct TensorSpec {
  std::string name;
  std::vector<int64_t> shape;
};

/// The tensors of the graph, in layer order.
std::vector<TensorSpec> RequiredTensors(const LayerGraph& graph);

}  // namespace tuckerseg
