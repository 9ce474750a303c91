/// Voxels, whose channels lie side by side, times a matrix: for convolutions without neighbours, which take as long as memory does. Shows LibTorch, as tucker_steps.h does.
#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// `sum` += the convolution of `input` whose kernel is one voxel, in one walk: LibTorch makes the product first and reads it once more.
/// `sum`: [1, out channels, d0, d1, d2], `input`: [1, in channels, d0, d1, d2], both of float32 on the CPU in ChannelsLast3d order; `weight`: [out channels, in channels, 1, 1, 1].
void AddPointwise(at::Tensor& sum, const at::Tensor& input, const at::Tensor& weight);

/// The transposed convolution of `input` whose kernel is its stride: each voxel becomes a block, and a row of voxels a row of each of the block's lines, as they lie. oneDNN makes voxels of each place
/// in the block apart, and takes up to twice as long where channels are few; without AVX-512 it takes four to seven times as long. Puts the weights in order first, which is a small part of the work for a thousand voxels.
/// `input`: [1, in channels, d0, d1, d2] of float32 on the CPU in ChannelsLast3d order, as the answer; `weight`: [in channels, out channels, k0, k1, k2]; `bias`: [out channels].
at::Tensor BlocksOfVoxels(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias);

}  // namespace tuckerseg
