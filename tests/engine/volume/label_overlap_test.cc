#include "engine/volume/label_overlap.h"

#include <gtest/gtest.h>

#include <vector>

namespace tuckerseg {
namespace {

TEST(CountOverlaps, CountsEachStructureInBothMapsAndLeavesBackgroundOut) {
  const std::vector<uint16_t> predicted{0, 1, 1, 5, 5, 300};
  const std::vector<uint16_t> reference{0, 1, 5, 5, 0, 0};
  const std::map<int64_t, Overlap> overlaps = CountOverlaps(predicted, reference);
  ASSERT_EQ(overlaps.size(), 3U);
  EXPECT_EQ(overlaps.at(1).both, 1);
  EXPECT_EQ(overlaps.at(1).predicted, 2);
  EXPECT_EQ(overlaps.at(1).reference, 1);
  EXPECT_DOUBLE_EQ(overlaps.at(1).Dice(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(overlaps.at(5).Dice(), 0.5);
  EXPECT_EQ(overlaps.at(300).reference, 0);
}

TEST(EqualShare, CountsBackgroundToo) {
  EXPECT_DOUBLE_EQ(EqualShare(std::vector<uint16_t>{0, 1, 1, 5, 5, 300}, std::vector<uint16_t>{0, 1, 5, 5, 0, 0}), 0.5);
  EXPECT_EQ(EqualShare(std::vector<uint16_t>{0, 300}, std::vector<uint16_t>{0, 300}), 1);
  EXPECT_EQ(EqualShare(std::vector<uint16_t>{1}, std::vector<uint16_t>{2}), 0);
}

}  // namespace
}  // namespace tuckerseg
