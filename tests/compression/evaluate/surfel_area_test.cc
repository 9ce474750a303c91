#include "compression/evaluate/surfel_area.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace tuckerseg {
namespace {

TEST(SurfelAreas, AreThoseOfPlanesThroughTheCube) {
  const std::array<double, 256> areas = SurfelAreasMm2({2, 3, 5});
  EXPECT_EQ(areas[0], 0) << "nothing inside";
  EXPECT_EQ(areas[255], 0) << "nothing outside";
  EXPECT_DOUBLE_EQ(areas[0b01010101], 15) << "one side along i is inside: a plane of 3 x 5 mm";
  EXPECT_DOUBLE_EQ(areas[0b00110011], 10) << "along j";
  EXPECT_DOUBLE_EQ(areas[0b00001111], 6) << "along k";
  EXPECT_DOUBLE_EQ(areas[0b00010001], 5 * std::hypot(1.0, 1.5)) << "an edge along k is inside: a slope through the cube";
  // A corner: half the cross product of two sides of a triangle between the middles of three edges.
  EXPECT_DOUBLE_EQ(areas[1], std::hypot(1.5 * 2.5, 1 * 2.5, 1 * 1.5) / 2);
}

TEST(SurfelAreas, DoNotDependOnWhichSideIsInside) {
  const std::array<double, 256> areas = SurfelAreasMm2({0.7, 1.3, 2.9});
  for (size_t code = 0; code < 256; ++code) EXPECT_NEAR(areas[code], areas[255 - code], 1e-12) << code;
}

TEST(SurfelAreas, KeepDiagonalCornersApart) {
  const std::array<double, 256> areas = SurfelAreasMm2({1, 1, 1});
  EXPECT_DOUBLE_EQ(areas[0b00001001], 2 * areas[1]) << "on a face";
  EXPECT_DOUBLE_EQ(areas[0b10000001], 2 * areas[1]) << "through the cube";
}

// create_table_neighbour_code_to_surface_area of surface-distance 0.1 (DeepMind); its sums do not depend on the order of axes and codes.
TEST(SurfelAreas, AreDeepMindsInSum) {
  const auto sums = [](const Spacing3& spacing_mm) {
    const std::array<double, 256> areas = SurfelAreasMm2(spacing_mm);
    return std::pair(std::accumulate(areas.begin(), areas.end(), 0.0), std::inner_product(areas.begin(), areas.end(), areas.begin(), 0.0));
  };
  EXPECT_NEAR(sums({1, 1, 1}).first, 241.34313970553745, 1e-10);
  EXPECT_NEAR(sums({1, 1, 1}).second, 267.0523395971635, 1e-10);
  EXPECT_NEAR(sums({0.7, 1.3, 2.9}).first, 591.6622968920756, 1e-10);
  EXPECT_NEAR(sums({0.7, 1.3, 2.9}).second, 1655.1392623604315, 1e-10);
}

}  // namespace
}  // namespace tuckerseg
