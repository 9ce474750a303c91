#include "engine/volume/itk/series_geometry.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Axial images of 4 x 3 pixels, 2 mm apart.
std::vector<ImagePlane> AxialPlanes(int count) {
  std::vector<ImagePlane> planes;
  for (int k = 0; k < count; ++k) {
    planes.push_back({.columns = 4,
                      .rows = 3,
                      .origin_lps = {-10, -20, 30.0 + 2 * k},
                      .row_direction_lps = {1, 0, 0},
                      .column_direction_lps = {0, 1, 0},
                      .column_spacing_mm = 0.75,
                      .row_spacing_mm = 0.5});
  }
  return planes;
}

void ExpectRefused(const std::vector<ImagePlane>& planes, const std::string& words) {
  try {
    GridOf(planes);
    ADD_FAILURE() << "accepted; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr(words));
  }
}

TEST(GridOf, TurnsLpsIntoRas) {
  const SeriesGrid grid = GridOf(AxialPlanes(5));
  EXPECT_THAT(grid.geometry.shape, ElementsAre(4, 3, 5));
  EXPECT_THAT(grid.geometry.affine_ras.linear[0], ElementsAre(-0.75, 0, 0));
  EXPECT_THAT(grid.geometry.affine_ras.linear[1], ElementsAre(0, -0.5, 0));
  EXPECT_THAT(grid.geometry.affine_ras.linear[2], ElementsAre(0, 0, 2));
  EXPECT_THAT(grid.geometry.affine_ras.translation, ElementsAre(10, 20, 30));
  EXPECT_THAT(grid.geometry.header_spacing_mm, ElementsAre(0.75, 0.5, 2));
}

// What a NIfTI file of the same series would hold.
TEST(GridOf, RoundsSpacingToFloat32) {
  std::vector<ImagePlane> planes = AxialPlanes(3);
  for (ImagePlane& plane : planes) {
    plane.column_spacing_mm = 0.7;
    plane.row_spacing_mm = 0.1;
  }
  EXPECT_THAT(GridOf(planes).geometry.header_spacing_mm, ElementsAre(0.699999988079071044921875, 0.100000001490116119384765625, 2));
}

TEST(GridOf, SortsAlongTheNormalWhateverTheOrderOfTheImages) {
  std::vector<ImagePlane> planes = AxialPlanes(4);
  std::swap(planes[0], planes[3]);
  const SeriesGrid grid = GridOf(planes);
  EXPECT_THAT(grid.order, ElementsAre(3, 1, 2, 0));
  EXPECT_EQ(grid.geometry.affine_ras, GridOf(AxialPlanes(4)).geometry.affine_ras);
}

// Rows running to the right and columns to the feet: the normal of this coronal series points to the front.
TEST(GridOf, PlacesCoronalImages) {
  std::vector<ImagePlane> planes = AxialPlanes(3);
  for (int k = 0; k < 3; ++k) {
    planes[static_cast<size_t>(k)].row_direction_lps = {1, 0, 0};
    planes[static_cast<size_t>(k)].column_direction_lps = {0, 0, -1};
    planes[static_cast<size_t>(k)].origin_lps = {5, 4.0 * k, 7};
  }
  const SeriesGrid grid = GridOf(planes);
  EXPECT_THAT(grid.order, ElementsAre(0, 1, 2));
  EXPECT_THAT(grid.geometry.affine_ras.linear[1], ElementsAre(0, 0, -4));
  EXPECT_THAT(grid.geometry.affine_ras.linear[2], ElementsAre(0, -0.5, 0));
}

// Turned by 30 degrees about the patient's left-right axis: position = origin + k * 2 mm * normal.
TEST(GridOf, KeepsObliqueVoxelCentresToAMicrometre) {
  const double c = std::sqrt(3) / 2;
  const double s = 0.5;
  std::vector<ImagePlane> planes = AxialPlanes(6);
  for (size_t k = 0; k < planes.size(); ++k) {
    const double along = 2.0 * static_cast<double>(k);
    planes[k].column_direction_lps = {0, c, s};
    planes[k].origin_lps = {-10, -20 - s * along, 30 + c * along};
  }
  const Affine affine = GridOf(planes).geometry.affine_ras;
  const auto world = [&](size_t axis, double i, double j, double k) {
    return affine.linear[axis][0] * i + affine.linear[axis][1] * j + affine.linear[axis][2] * k +
           affine.translation[axis];
  };
  EXPECT_NEAR(world(0, 3, 2, 5), -(-10 + 3 * 0.75), 1e-9);
  EXPECT_NEAR(world(1, 3, 2, 5), -(-20 + 2 * 0.5 * c - s * 10), 1e-9);
  EXPECT_NEAR(world(2, 3, 2, 5), 30 + 2 * 0.5 * s + c * 10, 1e-9);
}

TEST(GridOf, TakesPositionsRoundedToTwoDecimals) {
  std::vector<ImagePlane> planes = AxialPlanes(41);
  for (size_t k = 0; k < planes.size(); ++k) {
    planes[k].origin_lps[2] = std::round(100 * 0.625 * static_cast<double>(k)) / 100;
  }
  EXPECT_NEAR(GridOf(planes).geometry.affine_ras.linear[2][2], 0.625, 1e-9);
}

TEST(GridOf, RefusesFewerThanTwoImages) {
  ExpectRefused(AxialPlanes(1), "images in the series = 1: must be at least 2");
  ExpectRefused({}, "images in the series = 0: must be at least 2");
}

TEST(GridOf, RefusesAMissingImageAndSaysWhere) {
  std::vector<ImagePlane> planes = AxialPlanes(6);
  planes.erase(planes.begin() + 2);
  ExpectRefused(planes, "the gap between slices 2 and 3 of 5 is 4 mm: must be 2 mm within 5 %");
}

TEST(GridOf, RefusesTwoImagesAtOnePosition) {
  std::vector<ImagePlane> planes = AxialPlanes(4);
  planes.push_back(planes[1]);
  ExpectRefused(planes, "1 of 5 images lie where another one lies");
}

TEST(GridOf, RefusesATiltedGantryAndSaysTheAngle) {
  std::vector<ImagePlane> planes = AxialPlanes(5);
  for (size_t k = 0; k < planes.size(); ++k) planes[k].origin_lps[1] += 2.0 * static_cast<double>(k);
  ExpectRefused(planes, "slices advance at 45 degrees to the normal");
}

TEST(GridOf, TakesATiltOfHalfTheToleranceAndRefusesTwiceIt) {
  for (const double share : {0.5, 2.0}) {
    std::vector<ImagePlane> planes = AxialPlanes(5);
    for (size_t k = 0; k < planes.size(); ++k) {
      planes[k].origin_lps[1] += share * kTiltTolerance * 2 * static_cast<double>(k);
    }
    if (share < 1) {
      EXPECT_NO_THROW(GridOf(planes));
    } else {
      ExpectRefused(planes, "tilted gantry");
    }
  }
}

TEST(GridOf, RefusesAnImageShiftedWithinItsPlane) {
  std::vector<ImagePlane> planes = AxialPlanes(5);
  planes[2].origin_lps[0] += 3;
  ExpectRefused(planes, "slice 3 of 5 lies 3 mm beside the line");
}

TEST(GridOf, RefusesMixedSizes) {
  std::vector<ImagePlane> planes = AxialPlanes(3);
  planes[1].columns = 5;
  ExpectRefused(planes, "= 5 x 3 in one image and 4 x 3 in another");
}

TEST(GridOf, RefusesMixedOrientations) {
  std::vector<ImagePlane> planes = AxialPlanes(3);
  planes[1].row_direction_lps = {0, 1, 0};
  planes[1].column_direction_lps = {1, 0, 0};
  ExpectRefused(planes, "direction cosines differ by 1 between two images");
}

TEST(GridOf, RefusesMixedPixelSpacings) {
  std::vector<ImagePlane> planes = AxialPlanes(3);
  planes[2].row_spacing_mm = 0.6;
  ExpectRefused(planes, "PixelSpacing (0028,0030) = 0.6 x 0.75 mm in one image and 0.5 x 0.75 mm in another");
}

TEST(GridOf, RefusesDirectionsThatAreNoUnitVectorsOrNotAtRightAngles) {
  std::vector<ImagePlane> planes = AxialPlanes(3);
  for (ImagePlane& plane : planes) plane.row_direction_lps = {0.9, 0, 0};
  ExpectRefused(planes, "a direction of length 0.9: must be 1 within 0.001");
  planes = AxialPlanes(3);
  for (ImagePlane& plane : planes) plane.column_direction_lps = {0.6, 0.8, 0};
  ExpectRefused(planes, "scalar product 0.6: must be 0 within 0.001");
  for (ImagePlane& plane : planes) plane.column_direction_lps = {std::nan(""), 0, 0};
  ExpectRefused(planes, "must be 1 within 0.001");
}

TEST(GridOf, RefusesSpacingsThatAreNotPositive) {
  std::vector<ImagePlane> planes = AxialPlanes(3);
  planes[0].column_spacing_mm = 0;
  ExpectRefused(planes, "PixelSpacing (0028,0030) = 0 mm: must be greater than 0");
}

}  // namespace
}  // namespace tuckerseg
