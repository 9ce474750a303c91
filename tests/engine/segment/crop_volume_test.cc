#include "engine/segment/crop_volume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "tests/engine/segment/random_volume.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

template <typename T>
std::vector<T> Voxels(const Volume& volume) {
  std::vector<T> values(volume.voxels.size() / sizeof(T));
  std::memcpy(values.data(), volume.voxels.data(), volume.voxels.size());
  return values;
}

TEST(BoxOfLabels, GrowsTheBoxByWholeVoxelsOfTheMarginAlongEachAxis) {
  LabelMap map{{20, 20, 20}, std::vector<uint16_t>(8000, 0)};
  map.labels[(10 * 20 + 9) * 20 + 8] = 3;
  map.labels[(10 * 20 + 9) * 20 + 9] = 4;
  map.labels[0] = 7;
  const std::vector<int64_t> wanted{3, 4};
  // 20 mm are 2 voxels of 9 mm, 6 of 3 mm, and more than there are of 1 mm.
  EXPECT_EQ(BoxOfLabels(map, wanted, {9, 3, 1}, 20), (VolumeBox{{6, 3, 0}, {12, 16, 20}}));
}

TEST(BoxOfLabels, IsNothingWhereNoneOfTheLabelsIs) {
  const LabelMap map{{2, 2, 2}, std::vector<uint16_t>(8, 5)};
  EXPECT_EQ(BoxOfLabels(map, std::vector<int64_t>{6}, {1, 1, 1}, 20), std::nullopt);
}

TEST(LabelsIn, AreThoseWithAVoxelAscendingAndWithoutBackground) {
  LabelMap map{{3, 2, 2}, std::vector<uint16_t>(12, 0)};
  EXPECT_THAT(LabelsIn(map), testing::IsEmpty());
  map.labels.front() = 300;
  map.labels[5] = 7;
  map.labels[6] = 7;
  map.labels.back() = 4;
  EXPECT_THAT(LabelsIn(map), ElementsAre(4, 7, 300));
}

TEST(AbsentLabels, AreThoseWithoutAVoxelAscendingAndEachOnce) {
  LabelMap map{{3, 2, 2}, std::vector<uint16_t>(12, 0)};
  map.labels.front() = 7;
  map.labels.back() = 300;
  EXPECT_THAT(AbsentLabels(map, std::vector<int64_t>{301, 7, 9, 300, 4, 9}), ElementsAre(4, 9, 301));
}

TEST(AbsentLabels, AreNoneWhereTheMapHoldsThemAll) {
  const LabelMap map{{2, 1, 2}, {5, 0, 6, 9}};
  EXPECT_THAT(AbsentLabels(map, std::vector<int64_t>{9, 5, 6}), testing::IsEmpty());
}

TEST(CropVolume, KeepsStoredWholeNumbersAndMovesTheOrigin) {
  Volume volume = RandomVolume({4, 3, 2}, 1);
  volume.geometry.affine_ras.linear = {{{0, 2, 0}, {-1, 0, 0}, {0, 0, 3}}};
  volume.geometry.affine_ras.translation = {10, 20, 30};
  volume.intercept = -1024;
  const Volume cropped = CropVolume(volume, {{1, 2, 1}, {3, 3, 2}});
  EXPECT_EQ(cropped.geometry.shape, (Index3{2, 1, 1}));
  EXPECT_THAT(cropped.geometry.affine_ras.translation, ElementsAre(10 + 2 * 2, 20 - 1, 30 + 3));
  EXPECT_EQ(cropped.type, VoxelType::kInt16);
  EXPECT_EQ(cropped.intercept, -1024);
  const std::vector<int16_t> all = Voxels<int16_t>(volume);
  EXPECT_THAT(Voxels<int16_t>(cropped), ElementsAre(all[21], all[22]));
}

TEST(CropVolume, TruncatesFractionsTowardsZero) {
  Volume volume = RandomVolume({3, 1, 1}, 1);
  volume.slope = 0.5;
  const std::vector<int16_t> raw{-3, 3, 5};
  std::memcpy(volume.voxels.data(), raw.data(), volume.voxels.size());
  const Volume cropped = CropVolume(volume, {{0, 0, 0}, {3, 1, 1}});
  EXPECT_EQ(cropped.slope, 1);
  EXPECT_THAT(Voxels<int32_t>(cropped), ElementsAre(-1, 1, 2));
}

TEST(PasteLabels, PutsThePartBackAndLeavesTheRestBackground) {
  const LabelMap part{{2, 1, 1}, {8, 9}};
  const LabelMap whole = PasteLabels(part, {{1, 1, 0}, {3, 2, 1}}, {4, 2, 1});
  EXPECT_EQ(whole.shape, (Index3{4, 2, 1}));
  EXPECT_THAT(whole.labels, ElementsAre(0, 0, 0, 0, 0, 8, 9, 0));
}

/// 6 x 5 x 5 voxels of background but for these.
LabelMap Labelled(const std::vector<std::pair<Index3, uint16_t>>& voxels) {
  LabelMap map{{6, 5, 5}, std::vector<uint16_t>(6 * 5 * 5, 0)};
  for (const auto& [at, label] : voxels) map.labels[static_cast<size_t>((at[2] * 5 + at[1]) * 6 + at[0])] = label;
  return map;
}

TEST(LabelsAtBorder, AreThoseWithAVoxelAtAnyFaceOfTheBox) {
  // One at each face: first and last voxel along i, j and k.
  const LabelMap map = Labelled({{{1, 2, 2}, 9}, {{4, 2, 2}, 300}, {{2, 1, 2}, 4}, {{2, 3, 2}, 8}, {{3, 2, 1}, 7}, {{3, 2, 3}, 2}});
  EXPECT_THAT(LabelsAtBorder(map, {{1, 1, 1}, {5, 4, 4}}), ElementsAre(2, 4, 7, 8, 9, 300));
}

TEST(LabelsAtBorder, AreNeitherThoseWithinTheBoxNorThoseOutsideIt) {
  const LabelMap map = Labelled({{{2, 2, 2}, 5}, {{3, 3, 1}, 6}, {{0, 2, 2}, 7}, {{5, 2, 2}, 8}, {{2, 0, 1}, 9}});
  EXPECT_THAT(LabelsAtBorder(map, {{1, 1, 0}, {5, 5, 5}}), testing::IsEmpty());
}

TEST(LabelsAtBorder, DoNotCountWhereTheVolumeEndsToo) {
  const LabelMap map = Labelled({{{0, 2, 3}, 1}, {{5, 2, 3}, 2}, {{2, 0, 3}, 3}, {{2, 4, 3}, 4}, {{2, 2, 0}, 5}, {{2, 2, 4}, 6}});
  EXPECT_THAT(LabelsAtBorder(map, {{0, 0, 0}, {6, 5, 5}}), testing::IsEmpty());
  EXPECT_THAT(LabelsAtBorder(map, {{0, 0, 0}, {6, 5, 4}}), ElementsAre(1, 2, 3, 4)) << "the last layer before the cut";
}

}  // namespace
}  // namespace tuckerseg
