/// How far a student's answer is from its teacher's, where there are no labels.
#pragma once

#include <ATen/core/Tensor.h>

namespace tuckerseg {

struct DistillationLossOptions {
  double divergence_weight = 1;
  double dice_weight = 1;
  double temperature = 1;     ///< of the divergence: both softmaxes are flattened by it (Hinton et al. 2015, arXiv 1503.02531)
  bool hard_targets = false;  ///< the teacher's argmax instead of its softmax
  double smooth = 1e-5;
};

/// What a student is to answer, made of a teacher's logits once for all levels that are compared with it.
struct DistillationTarget {
  at::Tensor probabilities;  ///< [samples, voxels, classes]: softmax, or 1 for the winner
  at::Tensor cooled;         ///< those of logits / temperature; the same tensor where that is the same
  at::Tensor information;    ///< [samples, voxels]: sum over classes of q log q, cooled
  at::Tensor squares;        ///< [samples, classes]: sum over voxels of q^2
  at::Tensor present;        ///< [samples, classes]: 1 where the class wins somewhere
};

/// `teacher`: logits, [samples, classes, d0, d1, d2], float or double, any device.
DistillationTarget TargetOf(const at::Tensor& teacher, const DistillationLossOptions& options);

/// temperature^2 KL(q^T || p^T) as a mean over voxels, plus 1 - Dice, with p = softmax(student), q = softmax(teacher), p^T and q^T those
/// of logits / temperature. `student`: logits, [samples, classes, d0, d1, d2], of the target's type, on its device.
///
/// Dice of a class other than background: (2 sum(p q) + smooth) / (sum(p^2) + sum(q^2) + smooth) over the voxels of a sample, which is 1
/// where p = q and nowhere else; with sum(p) + sum(q) below the line, soft targets would be overshot. Its mean is taken over the
/// classes that win somewhere in the teacher's answer for that sample, each with the same weight however small it is; a class that
/// does not occur there has no part in it, so that its traces of probability give no gradient. Then the mean over samples; a sample
/// without structures has a Dice of 1. So the loss of a batch is the mean of the losses of its samples.
///
/// Differentiable once, in `student`, and its backward pass runs once. One tensor is kept, the gradient: with 118 classes each tensor of
/// a patch's logits takes 0.4 GB, and autograd would keep six of them.
at::Tensor DistillationLoss(const at::Tensor& student, const DistillationTarget& target, const DistillationLossOptions& options);

}  // namespace tuckerseg
