#include "compression/evaluate/case_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::DoubleEq;
using testing::Optional;

/// Eight voxels in a row, 3 x 1 x 2 mm.
Geometry Row() {
  Geometry geometry;
  geometry.shape = {8, 1, 1};
  geometry.affine_ras.linear = {{{3, 0, 0}, {0, 1, 0}, {0, 0, 2}}};
  return geometry;
}

const std::map<int64_t, std::string> kNames{{1, "spleen"}, {2, "liver"}};

TEST(ScoreCase, ComparesWithTheReferenceAndWithTheOriginal) {
  const std::vector<uint16_t> predicted{0, 1, 1, 0, 2, 2, 2, 0};
  const std::vector<uint16_t> reference{0, 1, 0, 0, 2, 2, 0, 0};
  const std::vector<uint16_t> original{0, 1, 1, 0, 2, 2, 2, 2};
  const ScoredCase scored = ScoreCase("a", {predicted, reference, original}, Row(), kNames);
  EXPECT_EQ(scored.name, "a");
  EXPECT_EQ(scored.voxel_mm3, 6);
  EXPECT_TRUE(scored.labelled);
  EXPECT_EQ(scored.equal_to_original, 7.0 / 8);
  ASSERT_EQ(scored.structures.size(), 2U);
  const ScoredStructure& liver = scored.structures[1];
  EXPECT_EQ(liver.name, "liver");
  EXPECT_DOUBLE_EQ(liver.to_reference.value().overlap.Dice(), 0.8);
  EXPECT_EQ(liver.to_reference.value().surface.hd95_mm, 3) << "one voxel along i too far";
  EXPECT_DOUBLE_EQ(liver.to_original.value().overlap.Dice(), 6.0 / 7);
  EXPECT_THAT(MeanDice(scored, ComparedTo::kReference), Optional(DoubleEq((2.0 / 3 + 0.8) / 2)));
  EXPECT_THAT(MeanDice(scored, ComparedTo::kOriginal), Optional(DoubleEq((1 + 6.0 / 7) / 2)));
}

TEST(ScoreCase, OfAnUnlabelledCaseHasTheOriginalAlone) {
  const std::vector<uint16_t> predicted{0, 1, 1, 0, 0, 0, 0, 0};
  const ScoredCase scored = ScoreCase("a", {predicted, std::nullopt, predicted}, Row(), kNames);
  EXPECT_FALSE(scored.labelled);
  EXPECT_FALSE(MeanDice(scored, ComparedTo::kReference));
  EXPECT_EQ(MeanDice(scored, ComparedTo::kOriginal), 1.0);
  EXPECT_EQ(FindComparison(scored, "spleen", ComparedTo::kReference), nullptr);
}

TEST(ScoreCase, TakesNoNoticeOfWhatTheLabelsCannotHold) {
  const std::vector<uint16_t> predicted{0, 1, 1, 0, 2, 2, 0, 9};
  const std::vector<uint16_t> reference{0, 1, 1, 0, 0, 0, 0, 0};
  const ScoredCase scored = ScoreCase("a", {predicted, reference, std::nullopt}, Row(), kNames, {.labelled_values = std::set<int64_t>{1}});
  ASSERT_EQ(scored.structures.size(), 1U) << "neither the liver, which the labels do not name, nor 9, which has no name at all";
  EXPECT_EQ(scored.structures[0].name, "spleen");
  EXPECT_FALSE(scored.equal_to_original);
}

TEST(ScoreCase, RefusesMapsOfAnotherSize) {
  const std::vector<uint16_t> predicted(8, 0);
  const std::vector<uint16_t> reference(7, 0);
  ExpectError(ErrorCode::kInvalidArgument, "reference label map of 7 voxels: must have 8, as the image",
              [&] { ScoreCase("a", {predicted, reference, std::nullopt}, Row(), kNames); });
}

}  // namespace
}  // namespace tuckerseg
