#include "compression/evaluate/no_difference_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

using testing::DoubleNear;
using testing::Optional;

/// Structures over eight cases: `liver` does not change, `spleen` falls by 0.03 to 0.1 in each, `heart` is in five alone.
VariantScores Before() {
  const CaseValues same(8, 0.9);
  CaseValues five(8, std::nullopt);
  for (size_t i = 0; i < 5; ++i) five[i] = 0.8;
  return MadeScores({{"liver", same}, {"spleen", same}, {"heart", five}});
}

VariantScores After() {
  const CaseValues liver{0.901, 0.898, 0.903, 0.896, 0.905, 0.894, 0.907, 0.9};
  const CaseValues spleen{0.87, 0.86, 0.85, 0.84, 0.83, 0.82, 0.81, 0.8};
  CaseValues five(8, std::nullopt);
  for (size_t i = 0; i < 5; ++i) five[i] = 0.7;
  return MadeScores({{"liver", liver}, {"spleen", spleen}, {"heart", five}});
}

const std::vector<std::string> kNames{"liver", "spleen", "heart", "brain"};

TEST(NoDifferenceTable, TellsNoEvidenceFromEquivalence) {
  const NoDifferenceTable table = CompareToOriginal(Before(), After(), kNames);
  ASSERT_EQ(table.rows.size(), 3U) << "the brain is in no case";
  const NoDifferenceRow& liver = table.rows[0];
  EXPECT_EQ(liver.cases, 8);
  EXPECT_NEAR(liver.difference, 0.0005, 1e-12);
  EXPECT_EQ(liver.no_evidence_of_a_difference, true);
  EXPECT_EQ(liver.equivalent, true);
  const NoDifferenceRow& spleen = table.rows[1];
  EXPECT_NEAR(spleen.original_dice, 0.9, 1e-12);
  EXPECT_NEAR(spleen.variant_dice, 0.835, 1e-12);
  EXPECT_THAT(spleen.wilcoxon_p, Optional(DoubleNear(2.0 / 256, 1e-12))) << "all eight fall: 2 of 2^8";
  EXPECT_THAT(spleen.wilcoxon_adjusted_p, Optional(DoubleNear(4.0 / 256, 1e-12))) << "of two tested structures the smaller";
  EXPECT_EQ(spleen.no_evidence_of_a_difference, false);
  EXPECT_EQ(spleen.equivalent, false);
  EXPECT_EQ(table.tested, 2);
  EXPECT_EQ(table.no_evidence_of_a_difference, 1);
  EXPECT_EQ(table.equivalent, 1);
}

TEST(NoDifferenceTable, NeverTestsFewerThanSixCases) {
  const NoDifferenceRow heart = CompareToOriginal(Before(), After(), kNames).rows[2];
  EXPECT_EQ(heart.cases, 5);
  EXPECT_NEAR(heart.difference, -0.1, 1e-12) << "what was measured is still said";
  EXPECT_FALSE(heart.wilcoxon_p);
  EXPECT_FALSE(heart.tost_adjusted_p);
  EXPECT_FALSE(heart.no_evidence_of_a_difference);
  EXPECT_FALSE(heart.equivalent);
}

TEST(NoDifferenceTable, PairsCasesByName) {
  VariantScores shuffled = After();
  std::swap(shuffled.cases[0], shuffled.cases[7]);
  EXPECT_NEAR(CompareToOriginal(Before(), shuffled, {"spleen"}).rows[0].difference, -0.065, 1e-12);
  shuffled.cases.pop_back();
  EXPECT_EQ(CompareToOriginal(Before(), shuffled, {"spleen"}).rows[0].cases, 7);
}

}  // namespace
}  // namespace tuckerseg
