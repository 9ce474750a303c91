/// Sums weighted patch logits into the logits of the image, and gives them away as soon as no later patch touches them.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "engine/huge_pages.h"
#include "engine/segment/patch_grid.h"

namespace tuckerseg {

/// Finished channels (logits, or features) of some lines of one row, or the largest of them: `row` counts along axis 0 of the unpadded
/// image, lines along axis 1.
struct LogitsBlock {
  int64_t row = 0;
  int64_t line_begin = 0;
  int64_t line_end = 0;
  std::span<const float> logits;  ///< channel c's lines begin at c * channel_stride; valid during the call only
  int64_t channel_stride = 0;
  /// With Finishing::kLargest, if not empty: the channel of each voxel, [line][axis 2], instead of the logits; valid during the call only.
  std::span<const uint16_t> largest = {};
  int givers = 1;  ///< threads that give blocks side by side with this one
};
using LogitsSink = std::function<void(const LogitsBlock&)>;

/// How much of a row a sink wants at once.
enum class Finishing {
  kLines,      ///< whatever is finished, a few lines at a time in any order, from several threads at the same time
  kLargest,    ///< as kLines; where the largest channel of a voxel can be had without its logits, that alone
  kWholeRows,  ///< every line of a row at once, rows ascending, from one thread
};

/// In float32. Patches come in the grid's order (axis 0 outermost, then axis 1), so lines that no later patch touches are
/// finished: they are given to the sink and their memory is used again. What is held is a band one patch wide along axes 0 and
/// 1, and beside it the rows that patches with the next origin along axis 0 touch too; whole rows where that is less, or
/// where the sink wants them.
class PatchAccumulator {
 public:
  /// `grid` and `sink` must outlive the accumulator. `folds`: number of folds that are added into the same channels, and averaged.
  /// `most`: finished values must lie in [-most, most].
  PatchAccumulator(const PatchGrid& grid, int64_t channels, int folds, Finishing finishing, const LogitsSink& sink, int threads,
                   float most = std::numeric_limits<float>::max());

  /// Adds channels [channel][patch] of the patch at `origin` (padded coordinates), as channels from `first_channel` on. Folds either all
  /// add to the same channels, `first_channel` 0, or each has channels of its own. The patch's weights are added with the first fold, which
  /// comes before the others. Origins along axis 2 ascend, by at most a patch's length: the first to touch a voxel writes over what was there.
  void Add(std::span<const float> values, const ArrayShape& origin, bool first_fold, int64_t first_channel = 0);

  /// Said after the last patch with this origin along axes 0 and 1. `next`: origin of the patches to come, along axis 1 the
  /// padded length after the last one of the same axis-0 origin, and along axis 0 then the next origin or the padded length.
  /// Errors: kInternal if a value is not finite or larger than it may be.
  void FinishBefore(const std::array<int64_t, 2>& next);

  /// Bytes that an accumulator holds.
  static int64_t Bytes(const PatchGrid& grid, int64_t channels, Finishing finishing, int threads);
  /// Lines that a sink gets at once at most, with Finishing::kLines and kLargest.
  static int64_t LinesAtOnce(const PatchGrid& grid, int64_t channels);

 private:
  float* Line(int64_t row, int64_t channel, int64_t line);
  float* CarriedLine(int64_t row, int64_t channel, int64_t line);
  float* WeightLine(int64_t row, int64_t line);
  void EnterLines(int64_t end);
  void FinishLines(int64_t end, int64_t next_row);
  void GiveRow(int64_t row);
  void GiveLines(int64_t first_row, int64_t last_row, int64_t begin, int64_t end);
  bool Average(int64_t row, int64_t line, int64_t channel_begin, int64_t channel_end, float* target, int64_t channel_stride);

  const PatchGrid& grid_;
  int64_t channels_;
  int folds_;
  Finishing finishing_;
  const LogitsSink& sink_;
  int threads_;
  float most_;
  int64_t width_;                  // voxels of a line: the padded length of axis 2
  int64_t lines_;                  // lines of the band: a patch's, or all of a row's
  bool narrow_;                    // the band is less than whole rows
  int64_t first_row_ = 0;          // origin of the band along axis 0
  int64_t carried_rows_ = 0;       // rows of the band that patches with an earlier origin have touched
  int64_t entered_ = 0;            // lines before this one are in the band, or have been
  int64_t finished_ = 0;           // lines before this one have left it
  // What has been written since the band was last here is added to, what has not is written over: nothing is zeroed. Rows from
  // carried_rows_ on, of them lines from touched_lines_ on, of them voxels from touched_width_ on are as memory came.
  int64_t touched_lines_ = 0;      // by patches with this origin along axis 0 and an earlier one along axis 1
  int64_t touched_width_ = 0;      // by earlier patches with these origins along axes 0 and 1
  int64_t width_end_ = 0;          // of the patch that is being added
  std::vector<float> importance_;  // of a patch
  HugeVector<float> sums_;         // the band: [row mod patch length][channel][line mod lines_][width_]
  HugeVector<float> carried_;      // [row from the next origin on][channel][padded line][width_]; empty where the band has whole rows
  HugeVector<float> weights_;      // [row mod patch length][padded line][width_]
  std::vector<float> row_;         // with kWholeRows: a finished row
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
