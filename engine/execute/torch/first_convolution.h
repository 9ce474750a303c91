/// A network's first convolution with the norm and the ReLU behind it: one channel in, as a CT has. Shows LibTorch, as tucker_steps.h does.
#pragma once

#include <ATen/ATen.h>

namespace tuckerseg {

/// Computed twice, once for the norm's mean and variance and once for what it makes of each value, since that takes less time than to write what is wide and read it back: LibTorch's convolution and
/// our norm took 3.2 ms for 8 channels of 64^3 voxels on two cores with AVX-512, this takes 1.2.
/// `input`: [1, 1, d0, d1, d2] of float32 on the CPU, in C order; `weight`: [channels, 1, k0, k1, k2], its sizes odd, padded with zeros by (k - 1) / 2; `bias`: [channels], or undefined. Then as
/// NormChannelsLast: `norm_weight`, `norm_bias`: [channels]; [1, channels, d0, d1, d2] in ChannelsLast3d order, the same bits with any number of threads.
at::Tensor NormedFirstConvolution(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& norm_weight, const at::Tensor& norm_bias, double epsilon,
                                  double negative_slope);

}  // namespace tuckerseg
