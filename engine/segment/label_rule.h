/// From logits to labels, one channel after another, so that no more than one channel need be there at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/model.h"

namespace tuckerseg {

/// Labels of a set of voxels while their channels come in ascending order (nnunet-inference section 5).
/// Without regions: argmax, the lowest channel wins a tie. With regions: where sigmoid(logit) > 0.5 the channel's label
/// overwrites earlier ones.
class LabelRule {
 public:
  /// `part` must outlive the rule.
  explicit LabelRule(const ModelPart& part, size_t voxels = 0) : part_(part) { Reset(voxels); }

  /// Starts anew.
  void Reset(size_t voxels);
  /// `logits`: one for each voxel.
  void AddChannel(int64_t channel, std::span<const float> logits);
  std::span<const uint16_t> labels() const { return labels_; }

 private:
  const ModelPart& part_;
  std::vector<uint16_t> labels_;
  std::vector<float> best_;  // without regions
};

}  // namespace tuckerseg
