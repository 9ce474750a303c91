/// Collects a network's logits and gives the labels of the case: back to the case's shape and axes.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/segment/label_rule.h"
#include "engine/segment/patch_grid.h"
#include "engine/segment/preprocess.h"
#include "engine/segment/segmenter.h"

namespace tuckerseg {

/// Takes logits row by row. Where the network's grid is the case's own, each row becomes labels at once and no logits are
/// kept; otherwise they are kept at the network's resolution and resampled one channel at a time (nnU-Net's export
/// holds all channels at full resolution; the labels are the same).
class LogitsExport {
 public:
  /// `image` and `part` must outlive the export.
  LogitsExport(const CaseImage& image, const ModelPart& part, const SegmentOptions& options);

  void TakeRow(int64_t row, std::span<const float> logits);

  /// Writes the labels that are not 0 over `labels` (the uncropped case, z, y, x): later parts win.
  /// Errors: kCancelled between two channels.
  void MergeInto(std::span<uint16_t> labels, const std::stop_token& stop);

 private:
  const CaseImage& image_;
  const ModelPart& part_;
  SegmentOptions options_;
  ArrayShape cropped_;  // network axes
  ArrayShape network_;
  LabelRule row_rule_;
  std::vector<uint16_t> labels_;  // cropped_, network axes
  std::vector<float> logits_;     // [channel][network_], only where a resampling follows
};

}  // namespace tuckerseg
