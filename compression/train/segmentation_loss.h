/// nnU-Net's loss: soft Dice plus cross-entropy, and their weighted sum over the outputs of deep supervision.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "compression/train/trainable_graph.h"

namespace tuckerseg {

struct LossOptions {
  double dice_weight = 1;
  double cross_entropy_weight = 1;
  double smooth = 1e-5;
  /// Dice of a class over the whole batch instead of sample by sample. nnU-Net: false for 3d_fullres.
  bool batch_dice = false;
};

/// -mean Dice + mean cross-entropy of float `logits` [samples, classes, d0, d1, d2] against `labels` [samples, d0, d1, d2] (int64).
///
/// Dice of a class other than background: (2 sum(p y) + smooth) / max(sum(p) + sum(y) + smooth, 1e-8) with p = softmax, over the voxels
/// of a sample or of the batch; their mean is taken over samples and classes. A class that is absent counts as in nnU-Net: its
/// Dice is near 0 while the network sees it anywhere, and its gradient vanishes with 1 / sum(p)^2.
/// Differentiable in `logits`. One probability tensor is kept for the backward pass, and no one-hot tensor is made: with 60 classes
/// these two would be the largest tensors of a step. Float or double, any device.
at::Tensor DiceCrossEntropy(const at::Tensor& logits, const at::Tensor& labels, const LossOptions& options);

/// The labels of every `stride`-th voxel: nearest neighbours by centres ("nearest-exact"). `labels`: [samples, d0, d1, d2].
at::Tensor DownsampleLabels(const at::Tensor& labels, const Size3& stride);

/// Weights of `outputs` outputs from fine to coarse: 1, 1/2, 1/4, ..., which sum to 1. nnU-Net's lowest output, which weighs 0, has
/// no head (TrainableGraph).
std::vector<double> DeepSupervisionWeights(size_t outputs);

/// The loss of all outputs of TrainableGraph::Forward.
at::Tensor SegmentationLoss(const std::vector<at::Tensor>& outputs, const std::vector<AuxiliaryHead>& heads, const at::Tensor& labels,
                            const LossOptions& options);

}  // namespace tuckerseg
