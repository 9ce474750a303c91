/// Sums weighted patch logits into the logits of the image, row by row along axis 0.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/segment/patch_grid.h"

namespace tuckerseg {

/// Receives one finished row of an image's logits: `row` counts along axis 0 of the unpadded image; `logits` is
/// [channel][axis 1][axis 2] and is valid during the call only.
using LogitsRowSink = std::function<void(int64_t row, std::span<const float> logits)>;

/// In float32. Patches come in the grid's order (axis 0 outermost), so a row that no later patch touches is finished:
/// it is given to the sink and its memory is used again. Memory is one patch length of rows, whatever the image's length.
class PatchAccumulator {
 public:
  /// `grid` and `sink` must outlive the accumulator. `folds`: number of Add() calls for each patch, which are averaged.
  PatchAccumulator(const PatchGrid& grid, int64_t channels, int folds, const LogitsRowSink& sink, int threads);

  /// Adds logits [channel][patch] of the patch at `origin` (padded coordinates).
  void Add(std::span<const float> logits, const ArrayShape& origin, int fold);

  /// Gives all rows before `row` (padded coordinates) to the sink; no later patch may begin before it.
  /// Errors: kInternal if a logit is not finite.
  void FinishBefore(int64_t row);

  static int64_t Bytes(const PatchGrid& grid, int64_t channels);

 private:
  float* RowOf(int64_t row, int64_t channel);

  const PatchGrid& grid_;
  int64_t channels_;
  int folds_;
  const LogitsRowSink& sink_;
  int threads_;
  int64_t plane_;                    // voxels of one row of one channel
  int64_t next_row_ = 0;             // first row not finished
  std::vector<float> importance_;    // of a patch
  std::vector<float> sums_;          // [row mod patch length][channel][plane]
  std::vector<float> weights_;       // [row mod patch length][plane]
  std::vector<float> finished_row_;  // [channel][unpadded plane]
};

/// In half precision in nnU-Net's order (nnunet-inference section 4.4), rounding errors included. Holds the whole image.
class HalfPatchAccumulator {
 public:
  HalfPatchAccumulator(const PatchGrid& grid, int64_t channels, int threads);
  void Add(std::span<const float> logits, const ArrayShape& origin);
  /// Divides by the weights. Errors: kInternal if a logit is not finite.
  std::vector<uint16_t> Finish() &&;

 private:
  const PatchGrid& grid_;
  int64_t channels_;
  int threads_;
  std::vector<float> importance_;
  std::vector<uint16_t> sums_;     // [channel][padded image], half
  std::vector<uint16_t> weights_;  // [padded image], half
};

}  // namespace tuckerseg
