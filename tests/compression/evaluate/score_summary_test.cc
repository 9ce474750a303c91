#include "compression/evaluate/score_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

using testing::DoubleEq;
using testing::Optional;

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
  EXPECT_EQ(liver.volume_bias, -0.5) << "all of one, nothing of the other";
  EXPECT_EQ(liver.volume_error, 0.5);
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
