#include "compression/evaluate/label_box.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(LabelBoxes, SurroundAStructureInBothMaps) {
  const Index3 shape{4, 2, 2};
  const std::vector<uint16_t> a{0, 7, 7, 0, 0, 0, 0, 0,   // k = 0
                                0, 0, 0, 0, 0, 0, 0, 9};  // k = 1
  const std::vector<uint16_t> b{0, 0, 0, 0, 0, 0, 0, 7,   //
                                0, 0, 0, 0, 0, 0, 0, 0};
  const std::map<int64_t, VoxelBox> boxes = LabelBoxes(a, b, shape);
  ASSERT_EQ(boxes.size(), 2U) << "background has none";
  EXPECT_EQ(boxes.at(7), (VoxelBox{{1, 0, 0}, {4, 2, 1}}));
  EXPECT_EQ(boxes.at(9), (VoxelBox{{3, 1, 1}, {4, 2, 2}}));
}

}  // namespace
}  // namespace tuckerseg
