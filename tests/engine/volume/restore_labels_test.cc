#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/volume/resample.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

std::vector<uint16_t> Counting(size_t count) {
  std::vector<uint16_t> labels(count);
  std::iota(labels.begin(), labels.end(), uint16_t{0});
  return labels;
}

TEST(RestoreLabels, TakesTheNearestVoxelOfTheCornerAlignedGrid) {
  // 2 to 5 voxels: x = 0, 0.25, 0.5, 0.75, 1; the half goes up.
  const LabelMap map = RestoreLabels(std::vector<uint16_t>{3, 9}, {2, 1, 1}, {}, {5, 1, 1}, 1);
  EXPECT_THAT(map.shape, ElementsAre(5, 1, 1));
  EXPECT_THAT(map.labels, ElementsAre(3, 3, 9, 9, 9));
}

TEST(RestoreLabels, KeepsLabelsOnAGridOfTheSameShape) {
  EXPECT_EQ(RestoreLabels(Counting(24), {4, 3, 2}, {}, {4, 3, 2}, 1).labels, Counting(24));
}

TEST(RestoreLabels, PutsASingleVoxelOnTheFirst) {
  EXPECT_THAT(RestoreLabels(std::vector<uint16_t>{7, 8}, {2, 1, 1}, {}, {1, 1, 1}, 1).labels, ElementsAre(7));
  EXPECT_THAT(RestoreLabels(std::vector<uint16_t>{7}, {1, 1, 1}, {}, {2, 1, 2}, 1).labels, ElementsAre(7, 7, 7, 7));
}

TEST(RestoreLabels, TurnsTheCanonicalGridBackToTheFiles) {
  // Canonical axes run along k, along i backwards and along j: labels are [j][i backwards][k].
  const Orientation orientation{{2, 0, 1}, {false, true, false}};
  const LabelMap map = RestoreLabels(Counting(12), {2, 3, 2}, orientation, {3, 2, 2}, 1);
  EXPECT_THAT(map.labels, ElementsAre(4, 2, 0, 10, 8, 6,  // k = 0
                                      5, 3, 1, 11, 9, 7));
}

TEST(RestoreLabels, UndoesViewAndResamplingInAll48Orientations) {
  const Index3 file_shape{5, 4, 3};
  Volume volume;
  volume.geometry.shape = file_shape;
  volume.type = VoxelType::kUint8;
  for (int i = 0; i < 60; ++i) volume.voxels.push_back(static_cast<std::byte>(i));
  std::array<int, 3> axis{0, 1, 2};
  do {
    for (unsigned flips = 0; flips < 8; ++flips) {
      const Orientation orientation{axis, {(flips & 1) != 0, (flips & 2) != 0, (flips & 4) != 0}};
      const VolumeView view = ViewOf(volume, orientation);
      const auto canonical = ToFloat(view, 1);
      const std::vector<uint16_t> labels(canonical.begin(), canonical.end());
      EXPECT_EQ(RestoreLabels(labels, view.shape, orientation, file_shape, 2).labels, Counting(60));
    }
  } while (std::next_permutation(axis.begin(), axis.end()));
}

TEST(RestoreLabels, DoesNotDependOnTheNumberOfThreads) {
  const Orientation orientation{{1, 2, 0}, {true, false, true}};
  const auto expected = RestoreLabels(Counting(210), {5, 6, 7}, orientation, {13, 11, 9}, 1).labels;
  for (const int threads : {2, 3, 16}) {
    EXPECT_EQ(RestoreLabels(Counting(210), {5, 6, 7}, orientation, {13, 11, 9}, threads).labels, expected);
  }
}

TEST(RestoreLabels, RefusesLabelsThatDoNotFillTheirGrid) {
  ExpectError(ErrorCode::kInvalidArgument, "23 labels: must fill the low-resolution grid of 4 x 3 x 2 voxels",
              [] { RestoreLabels(Counting(23), {4, 3, 2}, {}, {4, 3, 2}, 1); });
  ExpectError(ErrorCode::kInvalidArgument, "0 labels: must fill", [] { RestoreLabels({}, {0, 3, 2}, {}, {4, 3, 2}, 1); });
  ExpectError(ErrorCode::kInvalidArgument, "file shape 4 x 0 x 2: every axis must have a voxel",
              [] { RestoreLabels(Counting(24), {4, 3, 2}, {}, {4, 0, 2}, 1); });
}

}  // namespace
}  // namespace tuckerseg
