#include "compression/evaluate/paired_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Optional;

// p-values named scipy's come from scipy 1.17.1: scipy.stats.wilcoxon, ttest_1samp.
const std::vector<double> kEight{0.011, -0.004, 0.023, 0.008, -0.015, 0.002, 0.031, 0.019};
const std::vector<double> kTied{0.01, 0.01, -0.01, 0.02, 0.03, -0.02, 0.04, 0.01, 0.05, 0.03};

TEST(WilcoxonSignedRank, OfSixPairsThatAllGrowIsTwoOfSixtyFour) {
  EXPECT_EQ(WilcoxonSignedRank(std::vector<double>{1, 2, 3, 4, 5, 6}), 2.0 / 64) << "of 2^6 ways to throw signs, all up and all down";
}

TEST(WilcoxonSignedRank, IsExactUpToFiftyPairs) {
  EXPECT_THAT(WilcoxonSignedRank(kEight), Optional(DoubleNear(0.1484375, 1e-15))) << "scipy's, method='exact'";
  std::vector<double> fifty;
  for (int i = 0; i < 50; ++i) fifty.push_back((i * 7 % 5 < 3 ? 1 : -1) * (i + 0.5) / 1000);
  EXPECT_THAT(WilcoxonSignedRank(fifty), Optional(DoubleNear(0.3044806608698192, 1e-13))) << "scipy's, method='exact'";
}

TEST(WilcoxonSignedRank, IsExactWithTiesToo) {
  EXPECT_EQ(WilcoxonSignedRank(std::vector<double>(6, 0.5)), 2.0 / 64) << "six that grow alike: all up and all down, as without ties";
  EXPECT_EQ(WilcoxonSignedRank(std::vector<double>{0.5, 0.5, 0.5, 0.5, 0.5, 0.0}), 2.0 / 32) << "five that differ cannot reach 0.05";
  EXPECT_EQ(WilcoxonSignedRank(kTied), 54.0 / 1024) << "counted over all 2^10 ways to throw signs";
}

TEST(WilcoxonSignedRank, IsApproximatedAboveFifty) {
  std::vector<double> sixty;
  for (int i = 1; i <= 60; ++i) sixty.push_back((i * 37 % 61 - 25) / 1000.0);
  EXPECT_THAT(WilcoxonSignedRank(sixty), Optional(DoubleNear(0.024965220366753117, 1e-14))) << "scipy's, method='asymptotic'";
}

TEST(WilcoxonSignedRank, DropsPairsThatDoNotDiffer) {
  std::vector<double> with_zeros = kEight;
  with_zeros.insert(with_zeros.begin() + 3, {0.0, 0.0});
  EXPECT_EQ(WilcoxonSignedRank(with_zeros), WilcoxonSignedRank(kEight));
  EXPECT_EQ(WilcoxonSignedRank(std::vector<double>(7, 0.0)), 1.0) << "nothing differs";
}

TEST(WilcoxonSignedRank, SaysNothingOfFewerThanSixPairs) {
  EXPECT_FALSE(WilcoxonSignedRank(std::vector<double>{1, 2, 3, 4, 5}));
  EXPECT_FALSE(WilcoxonSignedRank({}));
}

TEST(EquivalenceTest, IsTheLargerOfTwoOneSidedTests) {
  EXPECT_THAT(EquivalenceTest(kEight, 0.02), Optional(DoubleNear(0.04270604734862287, 1e-14))) << "scipy's";
  EXPECT_THAT(EquivalenceTest(kEight, 0.03), Optional(DoubleNear(0.0030049225505103844, 1e-14))) << "scipy's";
  EXPECT_THAT(EquivalenceTest(kEight, 0.005), Optional(DoubleNear(0.7814993565655076, 1e-14))) << "scipy's: the mean lies outside";
  EXPECT_THAT(EquivalenceTest(kTied, 0.02), Optional(DoubleNear(0.33563402447926866, 1e-14))) << "scipy's";
}

TEST(EquivalenceTest, GoesBothWays) {
  std::vector<double> turned = kEight;
  for (double& difference : turned) difference = -difference;
  EXPECT_THAT(EquivalenceTest(turned, 0.02), Optional(DoubleNear(0.04270604734862287, 1e-14)));
}

TEST(EquivalenceTest, OfDifferencesWithoutSpreadAsksWhereTheyLie) {
  EXPECT_EQ(EquivalenceTest(std::vector<double>(6, 0.0), 0.02), 0.0);
  EXPECT_EQ(EquivalenceTest(std::vector<double>(6, 0.1), 0.02), 1.0);
}

TEST(EquivalenceTest, SaysNothingOfFewerThanSixPairs) { EXPECT_FALSE(EquivalenceTest(std::vector<double>(5, 0.0), 0.02)); }

TEST(HolmAdjusted, MultipliesByTheTestsLeftAndNeverFalls) {
  // 0.01 x 4, 0.02 x 3, 0.03 x 2 (raised to the one before), 0.5.
  EXPECT_THAT(HolmAdjusted(std::vector<std::optional<double>>{0.5, 0.01, 0.03, 0.02}),
              ElementsAre(Optional(0.5), Optional(0.04), Optional(0.06), Optional(0.06)));
  EXPECT_THAT(HolmAdjusted(std::vector<std::optional<double>>{0.6, 0.7}), ElementsAre(Optional(1.0), Optional(1.0))) << "no more than 1";
}

TEST(HolmAdjusted, DoesNotCountTestsThatWereNotMade) {
  EXPECT_THAT(HolmAdjusted(std::vector<std::optional<double>>{std::nullopt, 0.01, std::nullopt, 0.04}),
              ElementsAre(std::nullopt, Optional(0.02), std::nullopt, Optional(0.04)));
}

}  // namespace
}  // namespace tuckerseg
