#include "engine/segment/threefold_split.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMargin = 20;

}  // namespace

bool NeedsThreefoldSplit(const ArrayShape& shape, size_t networks) {
  constexpr int64_t kMostVoxels = int64_t{512} * 512 * 900;
  constexpr int64_t kLeastRows = 200;
  return networks > 1 && shape[0] * shape[1] * shape[2] > kMostVoxels && shape[0] > kLeastRows;
}

std::vector<SplitPart> ThreefoldSplit(int64_t rows) {
  const int64_t third = rows / 3;
  if (third < kMargin - 1) return {{0, rows, 0, rows}};
  return {{0, third + kMargin, 0, third},
          {third - kMargin + 1, 2 * third + kMargin, third, 2 * third},
          {2 * third - kMargin + 1, rows, 2 * third, rows}};
}

std::vector<SplitPart> SplitsOf(const Model& model, const ArrayShape& shape, bool asked) {
  const bool split = model.pipeline.totalsegmentator && (asked || NeedsThreefoldSplit(shape, model.parts.size()));
  if (split) return ThreefoldSplit(shape[0]);
  return {{0, shape[0], 0, shape[0]}};
}

}  // namespace tuckerseg
