#include "engine/phantom/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tuckerseg::phantom {
namespace {

TEST(Mix, IsSplitMix64) {
  // First output of the reference implementation (Vigna's splitmix64.c) for state 0.
  EXPECT_EQ(Mix(0), 0xE220A8397B1DCDAFu);
}

TEST(RandomStream, GivesTheSameNumbersForTheSameKeysAndOthersForOthers) {
  RandomStream one(5, 1), same(5, 1), other_subject(5, 2), other_seed(6, 1);
  const float first = one.Unit();
  EXPECT_EQ(first, same.Unit());
  EXPECT_NE(first, other_subject.Unit());
  EXPECT_NE(first, other_seed.Unit());
}

TEST(RandomStream, StaysInsideTheRange) {
  RandomStream random(1, 1);
  for (int n = 0; n < 1000; ++n) {
    const float value = random.Uniform(-2, 3);
    EXPECT_GE(value, -2);
    EXPECT_LT(value, 3);
  }
}

TEST(WhiteNoise, HasMeanZeroAndDeviationOne) {
  double sum = 0, squares = 0;
  constexpr int kSide = 40;
  for (int64_t k = 0; k < kSide; ++k)
    for (int64_t j = 0; j < kSide; ++j)
      for (int64_t i = 0; i < kSide; ++i) {
        const double value = WhiteNoise(3, i, j, k);
        sum += value;
        squares += value * value;
      }
  constexpr double kCount = kSide * kSide * kSide;
  EXPECT_NEAR(sum / kCount, 0, 0.02);  // five standard errors of 64000 numbers
  EXPECT_NEAR(squares / kCount, 1, 0.03);
}

TEST(ValueNoise, IsContinuousAndWithinOne) {
  float last = ValueNoise(9, {-2, 0.3F, 0.7F});
  for (float x = -2; x < 2; x += 0.01F) {
    const float value = ValueNoise(9, {x, 0.3F, 0.7F});
    EXPECT_LE(std::abs(value), 1);
    EXPECT_LT(std::abs(value - last), 0.05F);
    last = value;
  }
}

}  // namespace
}  // namespace tuckerseg::phantom
