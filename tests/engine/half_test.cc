#include "engine/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tuckerseg {
namespace {

TEST(Half, EveryHalfComesBackFromFloat) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = FloatFromHalf(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FloatFromHalf(HalfFromFloat(value))));
    } else {
      EXPECT_EQ(HalfFromFloat(value), half) << value;
    }
  }
}

TEST(Half, TiesGoToTheEvenMantissa) {
  EXPECT_EQ(RoundToHalf(2049.0F), 2048.0F);  // between 2048 and 2050
  EXPECT_EQ(RoundToHalf(2051.0F), 2052.0F);
  EXPECT_EQ(RoundToHalf(std::ldexp(1.5F, -24)), std::ldexp(2.0F, -24));  // subnormal: between 1 and 2 times 2^-24
  EXPECT_EQ(RoundToHalf(std::ldexp(0.5F, -24)), 0.0F);
  EXPECT_EQ(RoundToHalf(std::ldexp(0.51F, -24)), std::ldexp(1.0F, -24));
}

TEST(Half, OverflowsToInfinityFromHalfwayBeyondTheLargest) {
  EXPECT_EQ(RoundToHalf(65519.0F), 65504.0F);
  EXPECT_EQ(RoundToHalf(65520.0F), std::numeric_limits<float>::infinity());
  EXPECT_EQ(RoundToHalf(-1e9F), -std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace tuckerseg
