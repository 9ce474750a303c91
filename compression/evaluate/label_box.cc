#include "compression/evaluate/label_box.h"

#include <algorithm>
#include <vector>

namespace tuckerseg {
namespace {

/// Boxes of all label values; one that has no voxel yet ends at 0.
class Boxes {
 public:
  Boxes() : boxes_(size_t{1} << 16) {}

  void Add(std::span<const uint16_t> labels, const Index3& shape) {
    for (int64_t k = 0; k < shape[2]; ++k) {
      for (int64_t j = 0; j < shape[1]; ++j) {
        AddRow(labels.subspan(static_cast<size_t>((k * shape[1] + j) * shape[0]), static_cast<size_t>(shape[0])), j, k);
      }
    }
  }

  std::map<int64_t, VoxelBox> Found() const {
    std::map<int64_t, VoxelBox> found;
    for (size_t value = 1; value < boxes_.size(); ++value) {
      if (boxes_[value].end[0] > 0) found[static_cast<int64_t>(value)] = boxes_[value];
    }
    return found;
  }

 private:
  /// By runs of one value: label maps hold few changes.
  void AddRow(std::span<const uint16_t> row, int64_t j, int64_t k) {
    for (size_t begin = 0; begin < row.size();) {
      size_t end = begin + 1;
      while (end < row.size() && row[end] == row[begin]) ++end;
      if (row[begin] != 0) Widen(boxes_[row[begin]], {static_cast<int64_t>(begin), j, k}, {static_cast<int64_t>(end), j + 1, k + 1});
      begin = end;
    }
  }

  static void Widen(VoxelBox& box, const Index3& begin, const Index3& end) {
    if (box.end[0] == 0) box.begin = begin;
    for (size_t axis = 0; axis < 3; ++axis) {
      box.begin[axis] = std::min(box.begin[axis], begin[axis]);
      box.end[axis] = std::max(box.end[axis], end[axis]);
    }
  }

  std::vector<VoxelBox> boxes_;
};

}  // namespace

std::map<int64_t, VoxelBox> LabelBoxes(std::span<const uint16_t> a, std::span<const uint16_t> b, const Index3& shape) {
  Boxes boxes;
  boxes.Add(a, shape);
  boxes.Add(b, shape);
  return boxes.Found();
}

}  // namespace tuckerseg
