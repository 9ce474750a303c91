/// Instance norm with the leaky ReLU behind it, of features whose channels lie side by side, in two walks through memory. Shows LibTorch, as tucker_steps.h does.
#pragma once

#include <ATen/ATen.h>

namespace tuckerseg {

/// Where the answer lies: where the features did, in memory of its own, or there in C order, into which callers would turn a network's last features.
enum class NormAnswer { kInPlace, kAsTheyLie, kInCOrder };

/// Each channel less its mean, over its deviation (the biased one, nnU-Net's), times `weight`, plus `bias`; what is below zero then times `negative_slope` (1: no ReLU).
/// LibTorch's two operations walk through memory five times, and memory is what takes the time.
/// `features`: [1, channels, d0, d1, d2] of float32 on the CPU in ChannelsLast3d order; `weight` and `bias`: [channels] of float32. Returns `features` themselves if kInPlace.
/// The same bits with any number of threads.
at::Tensor NormChannelsLast(const at::Tensor& features, const at::Tensor& weight, const at::Tensor& bias, double epsilon, double negative_slope, NormAnswer answer);

}  // namespace tuckerseg
