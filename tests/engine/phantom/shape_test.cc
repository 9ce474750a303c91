#include "engine/phantom/shape.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace tuckerseg::phantom {
namespace {

float DistanceOf(const Shape& shape, Point p) {
  std::vector<const Primitive*> solids;
  for (const Primitive& primitive : shape.primitives) solids.push_back(&primitive);
  return shape.Distance(p, solids);
}

TEST(Distance, OfABallIsExact) {
  const Ellipsoid ball{{1, 0, 0}, {2, 2, 2}, {}};
  EXPECT_FLOAT_EQ(Distance(ball, {6, 0, 0}), 3);
  EXPECT_FLOAT_EQ(Distance(ball, {1, 1, 0}), -1);
  EXPECT_FLOAT_EQ(Distance(ball, {1, 0, 0}), -2);
}

TEST(Distance, OfATurnedEllipsoidFollowsItsAxes) {
  const Ellipsoid turned{{0, 0, 0}, {4, 1, 1}, FrameOf({0, 1, 0}, {1, 0, 0})};
  EXPECT_NEAR(Distance(turned, {0, 4, 0}), 0, 1e-5);
  EXPECT_NEAR(Distance(turned, {1, 0, 0}), 0, 1e-5);
}

TEST(Distance, OfACapsuleFollowsItsChangingRadius) {
  const Capsule capsule{{0, 0, 0}, {10, 0, 0}, 1, 3};
  EXPECT_FLOAT_EQ(Distance(capsule, {5, 4, 0}), 2);
  EXPECT_FLOAT_EQ(Distance(capsule, {15, 0, 0}), 2);
}

TEST(Distance, OfADrumEndsFlat) {
  const Drum drum{{0, 0, 0}, 3, 2, 5, {}};
  EXPECT_FLOAT_EQ(Distance(drum, {0, 0, 7}), 2);
  EXPECT_NEAR(Distance(drum, {3, 0, 0}), 0, 1e-5);
  EXPECT_NEAR(Distance(drum, {0, 2, 0}), 0, 1e-5);
}

TEST(Column, LiesBetweenItsRowsAndEndsWithThem) {
  const Column column({{0, 10, -4, 6}, {10, 20, -8, 12}});
  EXPECT_NEAR(column.Distance({15, 1.5F, 5}), 0, 1e-4);  // half-way: radius 15, y from -6 to 9
  EXPECT_NEAR(column.Distance({0, 9, 5}), 0, 1e-4);
  EXPECT_FLOAT_EQ(column.Distance({0, 1, 13}), 3);
  EXPECT_NEAR(column.Distance(column.Surface(5, 0, 0)), 0, 1e-4);
}

TEST(Shape, BlendingFillsTheGapBetweenTwoSolidsAndNothingFarAway) {
  Shape shape;
  shape.primitives = {Ellipsoid{{-3, 0, 0}, {2.5F, 2.5F, 2.5F}, {}},
                      Ellipsoid{{3, 0, 0}, {2.5F, 2.5F, 2.5F}, {}}};
  EXPECT_FLOAT_EQ(DistanceOf(shape, {0, 0, 0}), 0.5F);
  shape.blend_mm = 4;
  EXPECT_FLOAT_EQ(DistanceOf(shape, {0, 0, 0}), -0.5F);
  EXPECT_FLOAT_EQ(DistanceOf(shape, {-9, 0, 0}), 3.5F);
}

TEST(Shape, CutsAndEnclosuresTakeAway) {
  Shape shape;
  shape.primitives = {Ellipsoid{{0, 0, 0}, {5, 5, 5}, {}}};
  shape.cuts = {PlaneThrough({1, 0, 0}, {2, 0, 0})};
  EXPECT_FLOAT_EQ(DistanceOf(shape, {2, 0, 0}), 1);
  shape.enclosures = {{std::make_shared<const Column>(Column({{-50, 40, -40, 40}, {2, 40, -40, 40}})), 1}};
  EXPECT_FLOAT_EQ(DistanceOf(shape, {0, 0, 3}), 2);
}

TEST(Shape, WithoutSolidsIsWhatItsEnclosureHolds) {
  Shape shape;
  shape.enclosures = {{std::make_shared<const Column>(Column({{0, 10, -10, 10}, {20, 10, -10, 10}})), -2}};
  EXPECT_NEAR(DistanceOf(shape, {11, 0, 10}), -1, 1e-4);
  EXPECT_FLOAT_EQ(shape.Bounds().high.x, 12);
}

TEST(Tube, PassesItsPointsWithTheirRadii) {
  const Shape tube = Tube({{{0, 0, 0}, 2}, {{20, 10, 0}, 4}, {{40, 0, 0}, 3}});
  EXPECT_NEAR(DistanceOf(tube, {20, 10, 4}), 0, 0.1);
  EXPECT_NEAR(DistanceOf(tube, {43, 0, 0}), 0, 1e-4);
}

TEST(Bounds, HoldEverythingWithinTheSurface) {
  const Ellipsoid turned{{1, 2, 3}, {9, 3, 2}, FrameOf({1, 1, 0.5F}, {0, 1, 0})};
  const BoxMm box = Bounds(turned);
  for (float x = -12; x < 14; x += 0.5F)
    for (float y = -12; y < 14; y += 0.5F)
      for (float z = -8; z < 14; z += 0.5F)
        if (Distance(turned, {x, y, z}) <= 0) {
          EXPECT_TRUE(box.Meets({{x, y, z}, {x, y, z}}));
        }
}

}  // namespace
}  // namespace tuckerseg::phantom
