/// What a sliding window passes on of its finished blocks: as they are, or behind the network's last layer.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "engine/segment/patch_accumulator.h"
#include "engine/segment/patch_grid.h"
#include "engine/segment/predict.h"

namespace tuckerseg {

/// Passes finished blocks on as logits, or the largest of them. With Finishing::kLines and kLargest from several threads at the same time.
class LogitsGiver {
 public:
  /// All but the grid must outlive it.
  LogitsGiver(const PatchGrid& grid, const PredictContext& context, Finishing finishing, const LogitsSink& sink);

  void Give(const LogitsBlock& block);

  /// Seconds that the head took: where threads worked side by side, their mean.
  double head_s() const { return head_s_; }

 private:
  const float* Line(const LogitsBlock& block, int64_t line) const { return block.logits.data() + (line - block.line_begin) * width_; }
  void GiveLargest(const LogitsBlock& block);
  void GiveLines(const LogitsBlock& block);
  void GiveRow(const LogitsBlock& block);
  template <typename Run>
  void Timed(int threads, const Run& run);

  int64_t width_;
  int64_t lines_;
  const PredictContext& context_;
  Finishing finishing_;
  const LogitsSink& sink_;
  std::vector<float> row_;  // logits of a row
  std::atomic<double> head_s_{0};
};

}  // namespace tuckerseg
