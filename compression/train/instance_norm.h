/// Instance normalisation for training, with a backward pass that walks through memory twice.
#pragma once

#include <ATen/core/Tensor.h>

namespace tuckerseg {

/// By sample and channel: (x - mean) / sqrt(var + epsilon) * weight + bias, var the biased one. `input`: [samples, channels, d0, d1, d2];
/// `weight`, `bias`: [channels], float32 or the input's type. The result has the input's layout, but C order on CUDA where the weights' type is not the input's. Differentiable in all three, once.
/// Why: LibTorch's group norm, which this is, took a sixth of a training step for its backward pass on channels-last features alone. Its own norms are
/// still used for what is not float32 or float64 in channels-last layout on the CPU.
at::Tensor InstanceNorm(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, double epsilon);

}  // namespace tuckerseg
