#include "compression/report/slice_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A plane of 10 x 8 pixels of 2 x 3 mm.
struct Sample {
  std::vector<float> hu = std::vector<float>(80, 40);
  std::vector<uint8_t> found = std::vector<uint8_t>(80, 0);
  std::vector<uint8_t> expected = std::vector<uint8_t>(80, 0);
  SlicePlane plane() const { return {10, 8, {2, 3}, hu, found, expected}; }
};

std::string RefusalOf(const SlicePlane& plane) {
  try {
    DrawSlice(plane);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "taken";
}

TEST(DrawSlice, CutsThePlaneToBothOutlinesAndTheMargin) {
  Sample sample;
  sample.found[3 * 10 + 4] = 1;
  sample.expected[3 * 10 + 5] = 255;
  const SlicePicture picture = DrawSlice(sample.plane(), /*margin_mm=*/3);
  EXPECT_EQ(picture.width, 2 + 2 * 2) << "3 mm are two pixels of 2 mm, rounded up";
  EXPECT_EQ(picture.height, 1 + 2 * 1) << "and one of 3 mm";
  EXPECT_THAT(picture.grey, SizeIs(18));
  EXPECT_THAT(picture.pixel_mm, ElementsAre(2, 3));
}

TEST(DrawSlice, KeepsEachOutlineWithinHalfAPixelOfItsVoxel) {
  Sample sample;
  sample.found[3 * 10 + 4] = 1;
  const SlicePicture picture = DrawSlice(sample.plane(), 4);
  ASSERT_THAT(picture.found, SizeIs(1));
  EXPECT_THAT(picture.expected, IsEmpty());
  for (const Point& point : picture.found[0]) {
    EXPECT_NEAR(point[0], 2.5, 0.5) << "the voxel's centre, two pixels of margin further";
    EXPECT_NEAR(point[1], 2.5, 0.5);
  }
}

TEST(DrawSlice, StopsAtTheEdgesOfThePlaneHoweverLargeTheMargin) {
  Sample sample;
  sample.expected[0] = 1;
  const SlicePicture picture = DrawSlice(sample.plane(), 1e300);
  EXPECT_EQ(picture.width, 10);
  EXPECT_EQ(picture.height, 8);
}

TEST(DrawSlice, ShowsTheWholePlaneWhereNeitherHoldsTheStructure) {
  const SlicePicture picture = DrawSlice(Sample().plane());
  EXPECT_EQ(picture.width, 10);
  EXPECT_EQ(picture.height, 8);
  EXPECT_THAT(picture.found, IsEmpty());
}

TEST(DrawSlice, ShowsSoftTissueBetweenBlackAndWhite) {
  Sample sample;
  sample.hu[0] = -1000;
  sample.hu[1] = -160;
  sample.hu[2] = 40;
  sample.hu[3] = 240;
  sample.hu[4] = 3000;
  sample.hu[5] = std::numeric_limits<float>::quiet_NaN();
  const SlicePicture picture = DrawSlice(sample.plane());
  EXPECT_THAT(std::vector<int>(picture.grey.begin(), picture.grey.begin() + 6), ElementsAre(0, 0, 128, 255, 255, 0));
}

TEST(DrawSlice, RefusesWhatDoesNotFitAndNamesIt) {
  Sample sample;
  SlicePlane plane = sample.plane();
  plane.width = 0;
  EXPECT_THAT(RefusalOf(plane), HasSubstr("slice = 0 x 8 pixels: must be at least 1 x 1"));
  plane = sample.plane();
  plane.pixel_mm[1] = 0;
  EXPECT_THAT(RefusalOf(plane), HasSubstr("pixel_mm = 0.000000: must be positive"));
  plane = sample.plane();
  plane.found = plane.found.subspan(1);
  EXPECT_THAT(RefusalOf(plane), HasSubstr("holds 79 values: must be 80"));
}

}  // namespace
}  // namespace tuckerseg
