#include "engine/preview/panel.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(ScaleBarMm, IsTheLargestRoundLengthThatFits) {
  EXPECT_DOUBLE_EQ(ScaleBarMm(150), 100);
  EXPECT_DOUBLE_EQ(ScaleBarMm(99), 50);
  EXPECT_DOUBLE_EQ(ScaleBarMm(49), 20);
  EXPECT_DOUBLE_EQ(ScaleBarMm(1.9), 1);
  EXPECT_DOUBLE_EQ(ScaleBarMm(0.04), 0.02);
}

}  // namespace
}  // namespace tuckerseg
