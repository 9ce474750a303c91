#include "engine/volume/label_overlap.h"

#include <gtest/gtest.h>

#include <stop_token>
#include <vector>

#include "tests/engine/volume/expect_error.h"

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

TEST(LabelMaps, AreComparedInPiecesToTheSameEndAndNoFurtherOnceStopped) {
  std::vector<uint16_t> a(1001, 3);
  std::vector<uint16_t> b(1001, 3);
  a.front() = 1;
  b.back() = 2;
  std::stop_source source;
  EXPECT_EQ(EqualShare(a, b, source.get_token()), 999.0 / 1001);
  const std::map<int64_t, Overlap> overlaps = CountOverlaps(a, b, source.get_token());
  ASSERT_EQ(overlaps.size(), 3U);
  EXPECT_EQ(overlaps.at(1).predicted, 1);
  EXPECT_EQ(overlaps.at(2).reference, 1);
  EXPECT_EQ(overlaps.at(3).both, 999);
  source.request_stop();
  ExpectError(ErrorCode::kCancelled, "cancelled", [&] { EqualShare(a, b, source.get_token()); });
  ExpectError(ErrorCode::kCancelled, "cancelled", [&] { CountOverlaps(a, b, source.get_token()); });
}

}  // namespace
}  // namespace tuckerseg
