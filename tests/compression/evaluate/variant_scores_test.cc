#include "compression/evaluate/variant_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/evaluate/made_scores.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
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

TEST(DiceByCase, IsNothingWhereTheStructureIsAbsent) {
  VariantScores scores = MadeScores({{"liver", {0.5, std::nullopt, 0.7}}});
  scores.cases[1].structures.push_back({"liver", FoundAbsent(), std::nullopt});
  EXPECT_THAT(DiceByCase(scores, "liver", ComparedTo::kReference), ElementsAre(Optional(0.5), std::nullopt, Optional(0.7)));
  EXPECT_THAT(DiceByCase(scores, "spleen", ComparedTo::kReference), ElementsAre(std::nullopt, std::nullopt, std::nullopt));
}

TEST(Summarize, TakesTheMeanOverStructuresOfTheMeanOverCases) {
  VariantScores scores = MadeScores({{"liver", {0.5, 0.7, std::nullopt}}, {"spleen", {0.9, std::nullopt, std::nullopt}}});
  scores.cases[2].structures.push_back({"liver", FoundAbsent(), std::nullopt});
  const ScoreSummary summary = Summarize(scores, {"spleen", "liver", "heart"}, ComparedTo::kReference, CaseResamples(3));
  EXPECT_EQ(summary.cases, 3);
  EXPECT_THAT(summary.mean_dice, Optional(DoubleEq((0.6 + 0.9) / 2))) << "the heart is in no case";
  ASSERT_EQ(summary.structures.size(), 3U);
  EXPECT_EQ(summary.structures[0].name, "spleen");
  const StructureSummary& liver = summary.structures[1];
  EXPECT_EQ(liver.cases, 2);
  EXPECT_EQ(liver.found_absent, 1);
  EXPECT_THAT(liver.dice, Optional(DoubleEq(0.6)));
  EXPECT_EQ(liver.hd95_mm, 3.0);
  EXPECT_EQ(liver.volume_error, 0.0);
  EXPECT_FALSE(summary.structures[2].dice);
}

TEST(Summarize, LeavesAMissedStructureOutOfTheMeanDistanceAlone) {
  VariantScores scores = MadeScores({{"liver", {0.5, 0.7}}});
  scores.cases[1].structures[0].to_reference = Comparison{.overlap = {.both = 0, .predicted = 0, .reference = 10}, .surface = {}};
  const StructureSummary liver = Summarize(scores, {"liver"}, ComparedTo::kReference, CaseResamples(2)).structures[0];
  EXPECT_EQ(liver.missed, 1);
  EXPECT_EQ(liver.dice, 0.25);
  EXPECT_EQ(liver.surface_dice, 0.25);
  EXPECT_EQ(liver.volume_error, -0.5) << "all of one, nothing of the other";
  EXPECT_EQ(liver.hd95_mm, 3.0);
}

TEST(Summarize, GivesIntervalsFromSixCasesOn) {
  const auto of = [](const CaseValues& dice) {
    return Summarize(MadeScores({{"liver", dice}}), {"liver"}, ComparedTo::kOriginal, CaseResamples(dice.size()));
  };
  const ScoreSummary five = of({0.5, 0.6, 0.7, 0.8, 0.9});
  EXPECT_FALSE(five.dice_ci95);
  EXPECT_FALSE(five.structures[0].dice_ci95);
  const ScoreSummary six = of({0.5, 0.6, 0.7, 0.8, 0.9, 0.7});
  EXPECT_EQ(six.dice_ci95, six.structures[0].dice_ci95) << "the only structure is the mean over structures";
  EXPECT_LT(six.dice_ci95.value().low, 0.7);
  EXPECT_GT(six.dice_ci95.value().high, 0.7);
}

TEST(Summarize, AveragesTheShareOfEqualVoxelsAgainstTheOriginalAlone) {
  const VariantScores scores = MadeScores({{"liver", {0.5, 0.7}}});
  EXPECT_EQ(Summarize(scores, {"liver"}, ComparedTo::kOriginal, CaseResamples(2)).equal_share, 0.75);
  EXPECT_FALSE(Summarize(scores, {"liver"}, ComparedTo::kReference, CaseResamples(2)).equal_share);
}

}  // namespace
}  // namespace tuckerseg
