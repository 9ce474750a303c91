#include "engine/volume/float32.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace tuckerseg {
namespace {

using testing::ElementsAre;

constexpr double kTenth = 0.100000001490116119384765625;  // the nearest float32 to 0.1
constexpr double kSevenTenths = 0.699999988079071044921875;

TEST(RoundToFloat32, RoundsToTheNearest) {
  EXPECT_EQ(RoundToFloat32(0.1), kTenth);
  EXPECT_EQ(RoundToFloat32(-0.7), -kSevenTenths);
  EXPECT_EQ(RoundToFloat32(0.75), 0.75);
}

// What a compiler may make one vector of.
TEST(RoundToFloat32, RoundsNeighbours) {
  const std::vector<double> values{0.1, 0.7, 0.1, 0.7};
  const std::array<double, 2> pair{RoundToFloat32(values[0]), RoundToFloat32(values[1])};
  const std::array<double, 4> four{RoundToFloat32(values[0]), RoundToFloat32(values[1]),
                                   RoundToFloat32(values[2]), RoundToFloat32(values[3])};
  EXPECT_THAT(pair, ElementsAre(kTenth, kSevenTenths));
  EXPECT_THAT(four, ElementsAre(kTenth, kSevenTenths, kTenth, kSevenTenths));
}

}  // namespace
}  // namespace tuckerseg
