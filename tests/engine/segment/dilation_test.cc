#include "engine/segment/dilation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace tuckerseg {
namespace {

using testing::ElementsAre;

TEST(DilateLabels, GrowsByAnEllipsoidInMillimetres) {
  std::vector<uint16_t> volume(7 * 7 * 7, 0);
  volume[(3 * 7 + 3) * 7 + 3] = 1;
  DilateLabels(volume, {7, 7, 7}, {1.5, 1.5, 1.5}, 3);
  EXPECT_EQ(std::accumulate(volume.begin(), volume.end(), 0), 33) << "the points of a sphere of radius 2";
}

TEST(DilateLabels, NeverOverwritesAndLowerLabelsGrowFirst) {
  std::vector<uint16_t> line{2, 0, 1, 0, 3};
  DilateLabels(line, {1, 1, 5}, {1, 1, 1}, 1);
  EXPECT_THAT(line, ElementsAre(2, 1, 1, 1, 3));
}

TEST(DilateLabels, DoesNotGrowWhatHasJustGrown) {
  std::vector<uint16_t> line{1, 0, 0, 0};
  DilateLabels(line, {1, 1, 4}, {1, 1, 1}, 1);
  EXPECT_THAT(line, ElementsAre(1, 1, 0, 0));
}

TEST(DilateLabels, LeansToOneSideWhereTheRadiusIsNoWholeNumberOfVoxels) {
  // r = 1.5 voxels: points at -1.5, -0.5, 0.5, 1.5 around the third of them. In the sphere are those of +-0.5 alone.
  std::vector<uint16_t> cube(27, 0);
  cube[13] = 1;
  DilateLabels(cube, {3, 3, 3}, {2, 2, 2}, 3);
  EXPECT_EQ(std::accumulate(cube.begin(), cube.end(), 0), 8);
  EXPECT_EQ(cube[0], 1);
  EXPECT_EQ(cube[13], 1);
  EXPECT_EQ(cube[14], 0);
}

TEST(DilateByFaces, GrowsStepByStepAndStopsAtTheBorder) {
  std::vector<uint8_t> plane(25, 0);
  plane[12] = 1;
  DilateByFaces(plane, {1, 5, 5}, 2);
  EXPECT_EQ(std::accumulate(plane.begin(), plane.end(), 0), 13) << "a diamond";
  std::vector<uint8_t> lines{1, 0, 0, 0, 0, 0};
  DilateByFaces(lines, {1, 2, 3}, 1);
  EXPECT_THAT(lines, ElementsAre(1, 1, 0, 1, 0, 0));
}

}  // namespace
}  // namespace tuckerseg
