#include "engine/volume/orientation.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nibabel_orientations.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

/// The 48 ways to lay three axes along three others.
std::vector<Orientation> AllOrientations() {
  std::vector<Orientation> all;
  std::array<int, 3> axis{0, 1, 2};
  do {
    for (unsigned flips = 0; flips < 8; ++flips) {
      all.push_back({axis, {(flips & 1) != 0, (flips & 2) != 0, (flips & 4) != 0}});
    }
  } while (std::next_permutation(axis.begin(), axis.end()));
  return all;
}

/// The affine of a file that lies so: canonical axis c runs along file axis axis[c].
Affine AffineOf(const Orientation& orientation, const Spacing3& file_spacing) {
  Affine affine;
  for (size_t c = 0; c < 3; ++c) {
    const auto axis = static_cast<size_t>(orientation.axis[c]);
    affine.linear[c][axis] = orientation.flipped[c] ? -file_spacing[axis] : file_spacing[axis];
  }
  return affine;
}

Affine WithLinear(const std::array<double, 9>& rows) {
  Affine affine;
  for (size_t i = 0; i < 9; ++i) affine.linear[i / 3][i % 3] = rows[i];
  return affine;
}

/// 4 x 3 x 2 voxels of int16: 0, 1, ..., 23.
Volume SmallVolume() { return ReadNifti(NiftiBuilder().Bytes()).volume; }

TEST(ClosestCanonical, FindsAll48OrientationsAlongTheAxes) {
  const auto all = AllOrientations();
  ASSERT_EQ(all.size(), 48U);
  for (const Orientation& orientation : all) EXPECT_EQ(ClosestCanonical(AffineOf(orientation, {0.5, 1.5, 5})), orientation);
}

TEST(ClosestCanonical, FindsTheOrientationsThatNibabelFinds) {
  for (const NibabelOrientation& expected : kNibabelOrientations) {
    EXPECT_EQ(ClosestCanonical(WithLinear(expected.linear)), expected.orientation) << testing::PrintToString(expected.linear);
  }
}

TEST(ClosestCanonical, GivesTheLowestFreeAxisToTies) {
  const Orientation half_between = ClosestCanonical(WithLinear({1, -1, 0, 1, 1, 0, 0, 0, 1}));  // 45 degrees about S
  EXPECT_EQ(half_between, (Orientation{{0, 1, 2}, {false, false, false}}));
}

TEST(ClosestCanonical, RefusesDirectionsThatSpanNoVolume) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& rows : {std::array<double, 9>{}, {1, 1, 0, 1, 1, 0, 0, 0, 1}, {1, 0, 0, 0, 1, 0, 0, 0, 0}, {1, 0, 0, 0, kNan, 0, 0, 0, 1},
                           {1, 0, 0, 0, HUGE_VAL, 0, 0, 0, 1}}) {
    ExpectError(ErrorCode::kInvalidArgument, "affine: its directions are singular or not finite",
                [&] { ClosestCanonical(WithLinear(rows)); });
  }
}

TEST(ViewOf, ReadsVoxelsInTheOrderOfTheFileByDefault) {
  const Volume volume = SmallVolume();
  const VolumeView view = ViewOf(volume);
  EXPECT_THAT(view.shape, ElementsAre(4, 3, 2));
  EXPECT_THAT(view.strides, ElementsAre(1, 4, 12));
  EXPECT_EQ(view.first, volume.voxels.data());
}

TEST(ViewOf, LooksAtPermutedAndFlippedVoxelsWithoutACopy) {
  const Volume volume = SmallVolume();
  // Canonical axes run along k, along i backwards, along j.
  const VolumeView view = ViewOf(volume, {{2, 0, 1}, {false, true, false}});
  EXPECT_THAT(view.shape, ElementsAre(2, 4, 3));
  EXPECT_THAT(view.strides, ElementsAre(12, -1, 4));
  EXPECT_THAT(ToFloat(view, 1), ElementsAre(3, 15, 2, 14, 1, 13, 0, 12,    //
                                            7, 19, 6, 18, 5, 17, 4, 16,    //
                                            11, 23, 10, 22, 9, 21, 8, 20));
}

TEST(CanonicalGeometry, LeavesEveryVoxelWhereItWasInThePatient) {
  Geometry geometry = SmallVolume().geometry;
  geometry.affine_ras.translation = {-10, 20, 30};
  for (const Orientation& orientation : AllOrientations()) {
    const Geometry canonical = CanonicalGeometry(geometry, orientation);
    const Index3 index{1, 1, 0};  // in canonical axes
    for (size_t r = 0; r < 3; ++r) {
      double through_view = canonical.affine_ras.translation[r];
      double through_file = geometry.affine_ras.translation[r];
      for (size_t c = 0; c < 3; ++c) {
        const auto axis = static_cast<size_t>(orientation.axis[c]);
        const int64_t at = orientation.flipped[c] ? geometry.shape[axis] - 1 - index[c] : index[c];
        through_view += canonical.affine_ras.linear[r][c] * static_cast<double>(index[c]);
        through_file += geometry.affine_ras.linear[r][axis] * static_cast<double>(at);
      }
      EXPECT_EQ(through_view, through_file);
    }
  }
}

TEST(CanonicalGeometry, PutsAFileInCanonicalOrder) {
  Geometry geometry = SmallVolume().geometry;
  geometry.affine_ras = {{{{0, 0, -3}, {-1, 0, 0}, {0, 2, 0}}}, {0, 0, 0}};
  const Orientation orientation = ClosestCanonical(geometry.affine_ras);
  EXPECT_EQ(orientation, (Orientation{{2, 0, 1}, {true, true, false}}));
  const Geometry canonical = CanonicalGeometry(geometry, orientation);
  EXPECT_EQ(canonical.affine_ras, (Affine{{{{3, 0, 0}, {0, 1, 0}, {0, 0, 2}}}, {-3, -3, 0}}));
  EXPECT_THAT(canonical.shape, ElementsAre(2, 4, 3));
  EXPECT_THAT(canonical.header_spacing_mm, ElementsAre(3, 1, 2));
  EXPECT_EQ(ClosestCanonical(canonical.affine_ras), Orientation{});
}

TEST(ToFloat, ScalesInDoubleAndRoundsOnce) {
  Volume volume = SmallVolume();
  volume.slope = 0.1;
  volume.intercept = 1e-9;
  EXPECT_EQ(ToDouble(ViewOf(volume), 1)[7], 7 * 0.1 + 1e-9);
  EXPECT_EQ(ToFloat(ViewOf(volume), 1)[7], static_cast<float>(7 * 0.1 + 1e-9));
}

TEST(ToFloat, DoesNotDependOnTheNumberOfThreads) {
  const Volume volume = ReadNifti(NiftiBuilder().Shape({7, 5, 11}).Bytes()).volume;
  for (const int threads : {2, 3, 16}) {
    EXPECT_EQ(ToFloat(ViewOf(volume), threads), ToFloat(ViewOf(volume), 1));
    EXPECT_EQ(ToDouble(ViewOf(volume), threads), ToDouble(ViewOf(volume), 1));
  }
}

}  // namespace
}  // namespace tuckerseg
