#include "engine/contour.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tuckerseg {
namespace {

/// `labels` outlive the plane until the end of the full expression that makes them.
LabelPlane PlaneOf(int64_t width, const std::vector<uint16_t>& labels) {
  return {width, static_cast<int64_t>(labels.size()) / width, labels};
}

/// Positive inside one direction of turn, negative for holes: by the shoelace formula.
double Area(const Loop& loop) {
  double area = 0;
  for (size_t i = 0; i < loop.size(); ++i) {
    const Point& a = loop[i];
    const Point& b = loop[(i + 1) % loop.size()];
    area += 0.5 * (a[0] * b[1] - b[0] * a[1]);
  }
  return area;
}

TEST(Contours, HasNoneWhereNothingWasFound) { EXPECT_TRUE(Contours(PlaneOf(2, {0, 0, 0, 0})).empty()); }

TEST(Contours, RunsAroundASingleSample) {
  const auto contours = Contours(PlaneOf(3, {0, 0, 0, 0, 7, 0, 0, 0, 0}));
  ASSERT_EQ(contours.size(), 1U);
  const std::vector<Loop>& loops = contours.at(7);
  ASSERT_EQ(loops.size(), 1U);
  for (const Point& point : loops[0]) {
    EXPECT_LE(std::abs(point[0] - 1.5) + std::abs(point[1] - 1.5), 0.5 + 1e-9) << "half-way to the neighbours";
    EXPECT_GT(std::abs(point[0] - 1.5) + std::abs(point[1] - 1.5), 0.3);
  }
}

TEST(Contours, ReachesTheEdgeOfThePlane) {
  const Loop loop = Contours(PlaneOf(2, {1, 1, 1, 1})).at(1).at(0);
  const auto [left, right] = std::minmax_element(loop.begin(), loop.end());
  EXPECT_DOUBLE_EQ((*left)[0], 0);
  EXPECT_DOUBLE_EQ((*right)[0], 2);
  EXPECT_NEAR(std::abs(Area(loop)), 4, 0.8) << "less the corners";
}

TEST(Contours, MakesAHoleALoopOfItsOwnThatTurnsTheOtherWay) {
  const std::vector<Loop> loops = Contours(PlaneOf(3, {2, 2, 2, 2, 0, 2, 2, 2, 2})).at(2);
  ASSERT_EQ(loops.size(), 2U);
  EXPECT_LT(Area(loops[0]) * Area(loops[1]), 0);
}

TEST(Contours, KeepsNeighboursAndDiagonalNeighboursApart) {
  EXPECT_EQ(Contours(PlaneOf(2, {1, 2})).size(), 2U);
  EXPECT_EQ(Contours(PlaneOf(2, {3, 0, 0, 3})).at(3).size(), 2U);
}

TEST(Contours, ClosesEveryLoopOfLabelsThatChangeAtEverySample) {
  std::vector<uint16_t> labels(40 * 40);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<uint16_t>(i * i * 7919 / 13 % 4);
  for (const auto& [label, loops] : Contours(PlaneOf(40, labels)))
    for (const Loop& loop : loops)
      for (size_t i = 0; i < loop.size(); ++i) {
        const Point& a = loop[i];
        const Point& b = loop[(i + 1) % loop.size()];
        ASSERT_LT(std::hypot(a[0] - b[0], a[1] - b[1]), 1.01) << "label " << label;
      }
}

TEST(WidestPlaces, IsWhereALabelIsFurthestFromOthers) {
  // A bar of 5 x 3 with a stem: its middle.
  const auto places = WidestPlaces(PlaneOf(7, {1, 1, 1, 1, 1, 0, 0,  //
                                               1, 1, 1, 1, 1, 1, 1,  //
                                               1, 1, 1, 1, 1, 0, 4}));
  EXPECT_EQ(places.at(1).reach, 2);
  EXPECT_DOUBLE_EQ(places.at(1).centre[1], 1.5);
  EXPECT_EQ(places.at(4).reach, 1);
  EXPECT_EQ(places.count(0), 0U);
}

}  // namespace
}  // namespace tuckerseg
