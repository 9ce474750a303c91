/// TotalSegmentator's way with very long volumes: three overlapping parts along z, each a case of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/model.h"
#include "engine/volume/resample.h"

namespace tuckerseg {

/// Rows along array axis 0 (z): [from, to) are predicted, of which [kept_from, kept_to) count.
struct SplitPart {
  int64_t from = 0;
  int64_t to = 0;
  int64_t kept_from = 0;
  int64_t kept_to = 0;
  bool operator==(const SplitPart&) const = default;
};

/// Whether TotalSegmentator would split unasked: a task of several networks, more than 512 x 512 x 900 voxels, over 200 rows.
bool NeedsThreefoldSplit(const ArrayShape& shape, size_t networks);

/// The three parts of `rows` rows (totalsegmentator-pipeline section 7). One part where a third has fewer rows than the margin: the
/// original would count from the wrong end.
std::vector<SplitPart> ThreefoldSplit(int64_t rows);

/// The parts in which the model takes an image of this shape: one, or three where TotalSegmentator splits, unasked or `asked`.
std::vector<SplitPart> SplitsOf(const Model& model, const ArrayShape& shape, bool asked);

}  // namespace tuckerseg
