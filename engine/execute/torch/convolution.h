/// 3-D convolutions for inference, as fast as LibTorch has them.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// conv3d of one or more samples, padded with zeros by (kernel - 1) / 2; `weight`: [out, in, kernel]. Not differentiable.
/// Why not LibTorch's alone: on a CPU it leaves a single sample whose channels * d0 * d1 is at most 20480 to a convolution that unfolds its input (`use_mkldnn` in its
/// Convolution.cpp). That holds for a network's first layer and for its deepest, and there oneDNN is several times as fast.
at::Tensor Convolution3d(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias, const Size3& stride);

/// conv_transpose3d of one or more samples, without padding; `weight`: [in, out, kernel]. Not differentiable.
/// Of a small sample LibTorch makes a product and adds its columns up, in C order (as above), and the norm behind it turns that around once more: 8 % of the time of a small network (24 channels at a quarter of its patch of 64^3).
/// Where kernel and stride are one, as in every nnU-Net, planes of a sample in ChannelsLast3d order are samples of their own, as they lie, and of several samples oneDNN makes the convolution. A sample
/// that is not small is rows of blocks instead (row_product.h).
at::Tensor TransposedConvolution3d(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias, const Size3& stride);

/// A convolution whose kernel is one voxel, and whose answer [1, out channels, d0, d1, d2] lies in C order: what callers take of the last layer. To turn the logits around afterwards takes longer than to
/// make them: 102 beside 24 ms for 118 classes of 442,000 voxels on two cores. `input`: [1, in channels, d0, d1, d2] of float32 on the CPU in ChannelsLast3d order; `weight`: [out channels, in channels,
/// 1, 1, 1]; `bias`: [out channels].
at::Tensor PointwiseConvolutionInCOrder(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias);

}  // namespace tuckerseg
