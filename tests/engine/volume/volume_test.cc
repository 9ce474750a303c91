#include "engine/volume/volume.h"

#include <gmock/gmock.h>

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

TEST(BytesPerVoxel, IsTheWidthOfTheType) {
  EXPECT_EQ(BytesPerVoxel(VoxelType::kUint8), 1U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kInt8), 1U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kUint16), 2U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kInt16), 2U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kUint32), 4U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kInt32), 4U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kFloat32), 4U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kUint64), 8U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kInt64), 8U);
  EXPECT_EQ(BytesPerVoxel(VoxelType::kFloat64), 8U);
}

TEST(Geometry, SpacingIsTheLengthOfTheAffinesColumns) {
  Geometry geometry;
  geometry.affine_ras.linear = {{{3, 0, 0}, {4, 0, -2}, {0, 12, 0}}};
  EXPECT_THAT(geometry.AffineSpacingMm(), ElementsAre(5, 12, 2));
}

// A nominal 0.7 mm is therefore never equal to the double 0.7, and such a volume is resampled, as in TotalSegmentator.
TEST(Geometry, SpacingIsRoundedToFloat32) {
  Geometry geometry;
  geometry.affine_ras.linear = {{{0.7, 0, 0}, {0, 1.5, 0}, {0, 0, 0.1}}};
  EXPECT_THAT(geometry.AffineSpacingMm(), ElementsAre(0.699999988079071, 1.5, 0.10000000149011612));
}

TEST(Geometry, CountsVoxelsBeyond32Bits) {
  Geometry geometry;
  geometry.shape = {4096, 4096, 1024};
  EXPECT_EQ(geometry.VoxelCount(), int64_t{1} << 34);
}

}  // namespace
}  // namespace tuckerseg
