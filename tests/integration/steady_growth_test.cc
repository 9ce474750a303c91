#include "tests/integration/steady_growth.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace tuckerseg {
namespace {

std::vector<int64_t> Looks(int64_t (*value)(int64_t look)) {
  std::vector<int64_t> looks;
  for (int64_t look = 0; look < 90; ++look) looks.push_back(value(look));
  return looks;
}

TEST(SteadyGrowth, IsThatOfALeak) {
  EXPECT_DOUBLE_EQ(SteadyGrowth(Looks([](int64_t look) { return 1000 + 7 * look; })), 7);
  EXPECT_NEAR(SteadyGrowth(Looks([](int64_t look) { return 1000 + 7 * look + look * 37 % 11; })), 7, 0.3) << "with noise";
}

TEST(SteadyGrowth, IsThatOfALeakAtEveryTenthLook) { EXPECT_NEAR(SteadyGrowth(Looks([](int64_t look) { return look / 10 * 50; })), 5, 1); }

TEST(SteadyGrowth, IsNoneOfAStepOrTwo) {
  EXPECT_DOUBLE_EQ(SteadyGrowth(Looks([](int64_t look) { return look < 45 ? int64_t{1000} : int64_t{1060}; })), 0);
  EXPECT_DOUBLE_EQ(SteadyGrowth(Looks([](int64_t look) { return look < 3 ? int64_t{1000} : int64_t{9000}; })), 0);
  EXPECT_DOUBLE_EQ(SteadyGrowth(Looks([](int64_t look) { return 1000 + look / 30 * 60; })), 0) << "two";
}

}  // namespace
}  // namespace tuckerseg
