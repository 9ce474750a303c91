/// How far a network's answers have moved from the original's, in a figure that adds up over small changes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace tuckerseg {

/// Remembers the original's probabilities at a few hundred voxels of each class, so that small structures count as much as large ones,
/// as they do in a mean Dice over structures. Classes exclude one another (softmax), or are regions, each with a sigmoid of its own: then a voxel counts with every
/// region that holds it, and where none does is a class too.
class LogitProbe {
 public:
  /// `logits`: the original's, [1, classes, d0, d1, d2]. `regions`: as ModelPart's.
  LogitProbe(const at::Tensor& logits, bool regions, uint64_t seed);

  /// Kullback-Leibler divergence of the answers `logits` from the original's: mean over a class's voxels, then over the classes that the
  /// original finds in the patch. Quadratic in small errors, so that independent errors of several layers add up.
  double Divergence(const at::Tensor& logits) const;

 private:
  at::Tensor Chosen(const at::Tensor& logits) const;  // log-probabilities, [classes, voxels]; of regions: of each one, then of its absence, [2 classes, voxels]
  bool regions_;
  at::Tensor places_;   // [voxels], flat
  at::Tensor weights_;  // [voxels], sum 1
  at::Tensor expected_; // log-probabilities
};

}  // namespace tuckerseg
