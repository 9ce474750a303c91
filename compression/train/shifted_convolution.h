/// A 3-D convolution whose weight gradient is made of matrix products.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// conv3d of stride 1 with padding (kernel - 1) / 2, forward as the executor's. Why: on processors without AVX-512, oneDNN has no kernel
/// of its own for the weight gradient of a volume in channels-last layout and falls back to one that unfolds it, which took half
/// of a training step's convolution time (4.0 of 8.5 s; tests/bench/train_step_bench). Here the gradient and the
/// padded input are put side by side, moved by the kernel's taps, and multiplied: in a padded grid a tap is one offset for all voxels.
/// `input`: [samples, in, d0, d1, d2]; `weight`: [out, in, k0, k1, k2], odd; on the CPU. Differentiable in all three, once.
at::Tensor ConvolutionByShifts(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias);

/// Whether this processor gains by it.
bool ShiftsPayOff();

}  // namespace tuckerseg
