/// What a convolution reads and gives at sampled places of calibration patches.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Places of one patch, drawn once and used for every basis: voxels of the output, or of the input for a transposed convolution, whose
/// input voxels each give a block.
struct SampledPlaces {
  at::Tensor places;  ///< [n], int64, flat index
  Size3 shape{};      ///< what they index
};

/// At most `count` places of a feature of `shape`, drawn without replacement where fewer than all are taken. Equal seeds give equal places.
SampledPlaces SamplePlaces(const Size3& shape, int64_t count, uint64_t seed);

/// The inputs of the output voxels at `places`: [n, channels * taps], column c * taps + t, zeros where the padding is.
/// `feature`: [1, channels, d0, d1, d2], the convolution's input or that with fewer channels. Plain convolutions.
at::Tensor GatherTaps(const at::Tensor& feature, const Layer& layer, const SampledPlaces& places);

/// The voxels at `places`: [n, channels].
at::Tensor GatherVoxels(const at::Tensor& feature, const SampledPlaces& places);

/// The blocks that a transposed convolution gives for the input voxels at `places`: [taps, n, channels].
at::Tensor GatherBlocks(const at::Tensor& output, const Layer& layer, const SampledPlaces& places);

}  // namespace tuckerseg
