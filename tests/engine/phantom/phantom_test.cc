/// What MakePhantom promises about grids, seeds and options.
#include "engine/phantom/phantom.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/volume/orientation.h"
#include "tests/engine/phantom/phantom_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(MakePhantom, GivesTheSameBytesForAnyNumberOfThreads) {
  const Phantom one = MakePhantom(Coarse(3), 1);
  for (const int threads : {2, 5}) {
    const Phantom other = MakePhantom(Coarse(3), threads);
    EXPECT_EQ(one.ct.voxels, other.ct.voxels);
    EXPECT_EQ(one.labels.labels, other.labels.labels);
  }
}

TEST(MakePhantom, GivesAnotherPatientForAnotherSeed) {
  PhantomOptions options = Coarse(1, 10);
  options.shape = Index3{40, 30, 40};
  const Phantom one = MakePhantom(options, 1);
  options.seed = 2;
  EXPECT_NE(one.labels.labels, MakePhantom(options, 1).labels.labels);
}

TEST(MakePhantom, ShowsTheSamePatientAtAnotherSpacing) {
  PhantomOptions coarse = Coarse(4, 4), uneven = Coarse(4);
  uneven.spacing_mm = {2.5, 3, 5};
  const auto extents = ExtentsOf(MakePhantom(coarse, 2)), others = ExtentsOf(MakePhantom(uneven, 2));
  int compared = 0;
  for (const auto& [label, extent] : extents) {
    if (extent.mm3 < 60000) continue;  // below 60 ml, and in vertebrae, the grids' own rounding shows
    ++compared;
    ASSERT_TRUE(others.contains(label)) << label;
    EXPECT_NEAR(others.at(label).mm3 / extent.mm3, 1, 0.06) << label;
    for (size_t axis = 0; axis < 3; ++axis)
      EXPECT_NEAR(others.at(label).centre_ras[axis], extent.centre_ras[axis], 2.5) << label;
  }
  EXPECT_GE(compared, 25);
}

TEST(MakePhantom, GivesTheSameVoxelsInAllFortyEightOrientations) {
  PhantomOptions options = Coarse(4, 14);
  const Phantom canonical = MakePhantom(options, 1);
  std::set<std::string> seen;
  std::string axes = "RAS";
  std::sort(axes.begin(), axes.end());
  do {
    for (int flips = 0; flips < 8; ++flips) {
      options.orientation = axes;
      for (size_t axis = 0; axis < 3; ++axis)
        if (flips >> axis & 1)
          options.orientation[axis] = axes[axis] == 'R' ? 'L' : axes[axis] == 'A' ? 'P' : 'I';
      const Phantom turned = MakePhantom(options, 1);
      const Orientation back = ClosestCanonical(turned.ct.geometry.affine_ras);
      EXPECT_EQ(ToFloat(ViewOf(turned.ct, back), 1), ToFloat(ViewOf(canonical.ct), 1)) << options.orientation;
      const Geometry geometry = CanonicalGeometry(turned.ct.geometry, back);
      for (size_t row = 0; row < 3; ++row)
        EXPECT_NEAR(geometry.affine_ras.translation[row], canonical.ct.geometry.affine_ras.translation[row],
                    1e-3)
            << options.orientation;
      seen.insert(options.orientation);
    }
  } while (std::next_permutation(axes.begin(), axes.end()));
  EXPECT_EQ(seen.size(), 48);
}

TEST(MakePhantom, TakesSpacingAndShapeInTheFilesOrder) {
  PhantomOptions options = Coarse(4);
  options.orientation = "SPL";
  options.spacing_mm = {20, 10, 5};
  options.shape = Index3{7, 8, 9};
  const Geometry geometry = MakePhantom(options, 1).ct.geometry;
  EXPECT_EQ(geometry.shape, (Index3{7, 8, 9}));
  EXPECT_EQ(geometry.AffineSpacingMm(), (Spacing3{20, 10, 5}));
  EXPECT_GT(geometry.affine_ras.linear[2][0], 0);  // i leads to superior
  EXPECT_LT(geometry.affine_ras.linear[1][1], 0);
  EXPECT_LT(geometry.affine_ras.linear[0][2], 0);
}

TEST(MakePhantom, TurnsTheGridAndNotThePatientWhenOblique) {
  PhantomOptions oblique = Coarse(4, 5);
  oblique.oblique_degrees = 12;
  const auto straight = ExtentsOf(MakePhantom(Coarse(4, 5), 2)), turned = ExtentsOf(MakePhantom(oblique, 2));
  for (const int label : {phantom::kLiver, phantom::kSpleen, phantom::kHeart}) {
    EXPECT_NEAR(turned.at(label).mm3 / straight.at(label).mm3, 1, 0.03) << label;
    EXPECT_NEAR(turned.at(label).centre_ras[0], straight.at(label).centre_ras[0], 2) << label;
  }
}

TEST(MakePhantom, DrawsOnlyTheStructuresAskedFor) {
  PhantomOptions options = Coarse(4);
  options.structures = 5;
  std::set<int> found, wanted;
  for (const auto& [label, extent] : ExtentsOf(MakePhantom(options, 2))) found.insert(label);
  for (const uint16_t label : phantom::StructuresByProminence().first(5)) wanted.insert(label);
  EXPECT_EQ(found, wanted);
}

TEST(MakePhantom, RefusesOptionsOutOfRangeAndNamesThem) {
  const auto refuses = [](const std::string& message, const auto& change) {
    PhantomOptions options = Coarse(0);
    change(options);
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { MakePhantom(options, 1); });
  };
  refuses("spacing[1] = 0 mm: must be in (0, 20]", [](PhantomOptions& o) { o.spacing_mm[1] = 0; });
  refuses("spacing[2] = 20.5 mm: must be in (0, 20]", [](PhantomOptions& o) { o.spacing_mm[2] = 20.5; });
  refuses("spacing[0] = nan mm: must be in (0, 20]",
          [](PhantomOptions& o) { o.spacing_mm[0] = std::nan(""); });
  refuses("oblique = 31 degrees: must be in [-30, 30]", [](PhantomOptions& o) { o.oblique_degrees = 31; });
  refuses("structures = -1: must be in [0, ", [](PhantomOptions& o) { o.structures = -1; });
  refuses("structures = 1000: must be in [0, ", [](PhantomOptions& o) { o.structures = 1000; });
  refuses("shape along j = 0 voxels: must be in [1, 4096]", [](PhantomOptions& o) {
    o.shape = Index3{5, 0, 5};
  });
  for (const char* wrong : {"", "RA", "RASI", "RLS", "ras", "XYZ"})
    refuses("orientation: must be three letters", [wrong](PhantomOptions& o) { o.orientation = wrong; });
  ExpectError(ErrorCode::kInvalidArgument, "threads = 0: must be at least 1",
              [] { MakePhantom(Coarse(0), 0); });
}

TEST(MakePhantom, RefusesMoreVoxelsThanAVolumeMayHave) {
  PhantomOptions options = Coarse(0);
  options.shape = Index3{4096, 4096, 4096};
  ExpectError(ErrorCode::kResourceExhausted, "must have at most 2^31 voxels",
              [&] { MakePhantom(options, 1); });
}

}  // namespace
}  // namespace tuckerseg
