#include "engine/segment/patch_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace tuckerseg {
namespace {

using testing::ElementsAre;

TEST(PatchOrigins, FollowTheExampleOfTheReference) { EXPECT_THAT(PatchOrigins(110, 64, 0.5), ElementsAre(0, 23, 46)); }

TEST(PatchOrigins, DoNotTruncateTheStep) {
  // 5 * 0.5 = 2.5, not 2: (10 - 5) / 2.5 = 2 steps, three patches; truncated it would be four.
  EXPECT_THAT(PatchOrigins(10, 5, 0.5), ElementsAre(0, 2, 5));  // 2.5 is rounded to the even 2
}

TEST(PatchOrigins, OnePatchWhereItCoversEverything) { EXPECT_THAT(PatchOrigins(64, 64, 0.8), ElementsAre(0)); }

TEST(MakePatchGrid, CentresPaddingWithTheSmallerHalfInFront) {
  const PatchGrid grid = MakePatchGrid({5, 8, 20}, {8, 8, 8}, 0.5);
  EXPECT_EQ(grid.padded, (ArrayShape{8, 8, 20}));
  EXPECT_EQ(grid.padding, (ArrayShape{1, 0, 0}));
  EXPECT_EQ(grid.PatchCount(), 4);
}

TEST(GaussianWeights, PeakAtTheMiddleAndVanishBeyondFourSigma) {
  const std::vector<double> weights = GaussianWeights({1, 1, 64});
  EXPECT_DOUBLE_EQ(weights[32], 10.0);
  EXPECT_DOUBLE_EQ(weights[32 + 8], 10.0 * std::exp(-0.5));  // sigma = 8
  EXPECT_GT(weights[0], 0.0) << "the radius is 32";
}

TEST(GaussianWeights, ReachEveryVoxelOfAPatch) {
  // Half a patch is four sigma, the radius itself: no weight is 0, so no sum of weights is.
  for (const int64_t size : {1, 2, 3, 5, 8, 13, 64, 97}) {
    const std::vector<float> weights = FloatGaussianWeights({size, size, 1});
    EXPECT_GT(*std::min_element(weights.begin(), weights.end()), 0.0F) << size;
  }
}

TEST(HalfGaussianWeights, HaveNoZero) {
  const std::vector<float> weights = HalfGaussianWeights({32, 32, 32});
  EXPECT_GT(*std::min_element(weights.begin(), weights.end()), 0.0F);
  EXPECT_EQ(weights[0], *std::min_element(weights.begin(), weights.end()));
}

}  // namespace
}  // namespace tuckerseg
