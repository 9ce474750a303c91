#include "engine/segment/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

constexpr std::array<uint16_t, 1> kOne{1};

/// A grid with one voxel of label 1, which has 100 HU; all others have none.
StructureStatistics OneVoxelAt(const Index3& shape, const Index3& at, bool exclude_incomplete = false) {
  std::vector<uint16_t> labels(static_cast<size_t>(shape[0] * shape[1] * shape[2]), 0);
  labels[static_cast<size_t>((at[2] * shape[1] + at[1]) * shape[0] + at[0])] = 1;
  const std::vector<float> hu(labels.size(), 100);
  return MeasureStructures(labels, hu, shape, 2.0, kOne, {.exclude_incomplete = exclude_incomplete}).front();
}

TEST(MeasureStructures, CountsVoxelsAndAveragesTheirIntensities) {
  const std::vector<uint16_t> labels{0, 1, 1, 7, 0, 1};
  const std::vector<float> hu{-1000, 10, 20, 300, -1000, 31};
  const std::vector<uint16_t> values{1, 7};
  const auto statistics = MeasureStructures(labels, hu, {6, 1, 1}, 1.5, values, {});
  ASSERT_EQ(statistics.size(), 2U);
  EXPECT_EQ(statistics[0], (StructureStatistics{1, 3, 4.5, 61.0 / 3.0, true}));
  EXPECT_EQ(statistics[1], (StructureStatistics{7, 1, 1.5, 300, true}));
}

TEST(MeasureStructures, GivesTheStructuresAskedForInTheirOrderAndNoOther) {
  const std::vector<uint16_t> labels{3, 2, 1};
  const std::vector<float> hu{30, 20, 10};
  const std::vector<uint16_t> values{3, 1};
  const auto statistics = MeasureStructures(labels, hu, {3, 1, 1}, 1, values, {});
  ASSERT_EQ(statistics.size(), 2U);
  EXPECT_EQ(statistics[0].mean_hu, 30);
  EXPECT_EQ(statistics[1].mean_hu, 10);
}

TEST(MeasureStructures, TellsZerosOfAStructureThatWasNotFound) {
  const std::vector<uint16_t> labels(8, 0);
  const std::vector<float> hu(8, 50);
  EXPECT_EQ(MeasureStructures(labels, hu, {2, 2, 2}, 1, kOne, {}).front(), (StructureStatistics{.value = 1}));
}

TEST(MeasureStructures, TruncatesIntensitiesTowardZero) {
  const std::vector<uint16_t> labels{1, 1};
  EXPECT_EQ(MeasureStructures(labels, std::vector<float>{1.9F, 2.9F}, {2, 1, 1}, 1, kOne, {}).front().mean_hu, 1.5);
  EXPECT_EQ(MeasureStructures(labels, std::vector<float>{-1.9F, -2.9F}, {2, 1, 1}, 1, kOne, {}).front().mean_hu, -1.5);
}

TEST(MeasureStructures, TheBorderIsTheFirstAndTheLastThreeIndicesOfEachAxis) {
  const Index3 shape{9, 10, 11};
  for (size_t axis = 0; axis < 3; ++axis)
    for (int64_t index = 0; index < shape[axis]; ++index) {
      Index3 at{4, 5, 5};
      at[axis] = index;
      EXPECT_EQ(OneVoxelAt(shape, at).touches_border, index < 3 || index >= shape[axis] - 3) << "axis " << axis << ", index " << index;
    }
}

TEST(MeasureStructures, TellsTheVolumeOfAnIncompleteStructureUnlessToldOtherwise) {
  EXPECT_EQ(OneVoxelAt({9, 9, 9}, {2, 4, 4}), (StructureStatistics{1, 1, 2, 100, true}));
  EXPECT_EQ(OneVoxelAt({9, 9, 9}, {2, 4, 4}, true), (StructureStatistics{1, 1, 0, 0, true}));
  EXPECT_EQ(OneVoxelAt({9, 9, 9}, {3, 4, 4}, true), (StructureStatistics{1, 1, 2, 100, false}));
}

TEST(MeasureStructures, TakesStoredVoxelsThroughSlopeAndInterceptInAnyOrder) {
  Volume volume;
  volume.geometry.shape = {2, 1, 1};
  volume.type = VoxelType::kUint16;
  volume.slope = 0.5;
  volume.intercept = -1024;
  const std::array<uint16_t, 2> stored{2049, 40};
  volume.voxels.resize(sizeof(stored));
  std::memcpy(volume.voxels.data(), stored.data(), sizeof(stored));
  const std::vector<uint16_t> labels{1, 0};
  EXPECT_EQ(MeasureStructures(labels, ViewOf(volume), 1, kOne, {}).front().mean_hu, 0) << "2049 * 0.5 - 1024 = 0.5";
  const Orientation to_left{{0, 1, 2}, {true, false, false}};
  EXPECT_EQ(MeasureStructures(labels, ViewOf(volume, to_left), 1, kOne, {}).front().mean_hu, -1004);
}

TEST(MeasureStructures, DoesNotDependOnTheNumberOfThreads) {
  std::mt19937 random(3);
  std::vector<uint16_t> labels(20 * 21 * 22);
  std::vector<float> hu(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<uint16_t>(random() % 5);
    hu[i] = static_cast<float>(random() % 4000) / 3.0F - 1000;
  }
  const std::vector<uint16_t> values{1, 2, 3, 4, 5};
  const auto expected = MeasureStructures(labels, hu, {20, 21, 22}, 0.7, values, {});
  for (const int threads : {2, 3, 7, 64}) EXPECT_EQ(MeasureStructures(labels, hu, {20, 21, 22}, 0.7, values, {.threads = threads}), expected);
}

TEST(MeasureStructures, RefusesLabelsThatDoNotFillTheGrid) {
  const std::vector<float> hu(8, 0);
  ExpectError(ErrorCode::kInvalidArgument, "7 labels", [&] { MeasureStructures(std::vector<uint16_t>(7), hu, {2, 2, 2}, 1, kOne, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "8 intensities", [&] { MeasureStructures(std::vector<uint16_t>(9), hu, {3, 3, 1}, 1, kOne, {}); });
}

TEST(HeaderVoxelVolumeMm3, IsTheProductOfTheStoredSpacingsInFloat32) {
  Geometry geometry;
  geometry.header_spacing_mm = {static_cast<double>(0.7F), static_cast<double>(0.7F), static_cast<double>(1.3F)};
  EXPECT_EQ(HeaderVoxelVolumeMm3(geometry), static_cast<double>(0.7F * 0.7F * 1.3F));
}

}  // namespace
}  // namespace tuckerseg
