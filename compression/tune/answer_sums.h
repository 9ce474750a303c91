/// What the distillation loss adds up over the voxels of a sample, and the gradient that it gives each of them.
#pragma once

#include <ATen/core/Tensor.h>

namespace tuckerseg {

/// A student's and its teacher's answers for one sample, [voxels, classes], contiguous, of one type, on one device.
struct Answers {
  at::Tensor logits;       ///< the student's, divided by the temperature
  at::Tensor p;            ///< the student's softmax, not divided
  at::Tensor cool_p;       ///< softmax(logits); the same tensor as `p` where the temperature is 1
  at::Tensor q;            ///< what p should be
  at::Tensor cool_q;       ///< what cool_p should be
  at::Tensor information;  ///< [voxels]: sum over classes of cool_q log cool_q
};

/// Sums over voxels, by class or of all.
struct AnswerSums {
  at::Tensor overlap;     ///< [classes]: p q
  at::Tensor squares;     ///< [classes]: p^2
  at::Tensor divergence;  ///< []: cool_q log(cool_q / cool_p)
};

/// Coefficients of the gradient by a voxel's logits: scale (cool_p - cool_q) + p (d - sum over classes of p d), with
/// d = share (dice p - q).
struct AnswerWeights {
  at::Tensor dice;   ///< [classes]
  at::Tensor share;  ///< [classes]
  double scale = 1;
};

/// In LibTorch's operations, slab by slab, on any device.
AnswerSums SumByTensors(const Answers& answers);
/// Written over `answers.p`.
void PutGradientByTensors(const Answers& answers, const AnswerWeights& weights);

/// The same voxel by voxel, for float or double on the CPU: each value is read from memory once, where the operations above walk through
/// a slab a dozen times. What it gives does not depend on `threads`.
AnswerSums SumByVoxels(const Answers& answers, int threads);
/// Written over `answers.p`.
void PutGradientByVoxels(const Answers& answers, const AnswerWeights& weights, int threads);

}  // namespace tuckerseg
