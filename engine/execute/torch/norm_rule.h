/// What instance norm does to each value of a channel, once the channel's mean and variance are known. Shows LibTorch, as tucker_steps.h does.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace tuckerseg {

/// Voxels that are summed in float32 before they are added up in float64, about: fixed for a shape, so that threads change no bit.
constexpr int64_t kSummedInFloat = 1024;

/// Sums over a channel's voxels, of what is left of each value when a number near the mean is taken off: without that the squares' sum would cancel against the mean's.
struct ChannelSums {
  std::vector<double> shift;    // [channel], what was taken off
  std::vector<double> sum;      // [channel]
  std::vector<double> squares;  // [channel]
};

/// By channel: (value - mean) * scale + offset. The mean comes off first, since both it and the scale may be large.
struct NormRule {
  std::vector<float> mean;
  std::vector<float> scale;
  std::vector<float> offset;
};

/// Of the biased variance, which is nnU-Net's. `weight`, `bias`: [channels] of float32 on the CPU.
NormRule NormRuleOf(const ChannelSums& sums, int64_t voxels, const at::Tensor& weight, const at::Tensor& bias, double epsilon);

}  // namespace tuckerseg
