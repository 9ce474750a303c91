#include "engine/volume/nifti_geometry.h"

#include <gmock/gmock.h>

#include <cmath>

#include "engine/volume/nifti_header.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nibabel_qforms.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

Geometry GeometryOf(const NiftiBuilder& builder, GeometryPolicy policy = GeometryPolicy::kRefuse) {
  return ParseNiftiHeader(builder.Bytes(), {}, policy).geometry;
}

void ExpectRefused(const NiftiBuilder& builder, const std::string& message, GeometryPolicy policy = GeometryPolicy::kRefuse) {
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { GeometryOf(builder, policy); });
}

const Affine kAlongAxes{{{{1, 0, 0}, {0, 2, 0}, {0, 0, 3}}}, {0, 0, 0}};

TEST(NiftiGeometry, TakesTheSformWhereItsCodeIsSet) {
  const Affine affine{{{{0, -2, 0}, {1, 0, 0}, {0, 0, 3}}}, {5, 6, 7}};
  EXPECT_EQ(GeometryOf(NiftiBuilder().Sform(affine)).affine_ras, affine);
}

TEST(NiftiGeometry, TakesTheSformOfNifti2InDouble) {
  const Affine affine{{{{0, -2, 0}, {1, 0, 0}, {0, 0, 3}}}, {0.1, 0.2, 0.3}};
  EXPECT_EQ(GeometryOf(NiftiBuilder(2).Sform(affine)).affine_ras, affine);
}

TEST(NiftiGeometry, TurnsQformsIntoNibabelsAffines) {
  for (const NibabelQform& expected : kNibabelQforms) {
    NiftiBuilder builder;
    builder.Spacing(expected.spacing_mm).SformCode(0).Qform(expected.quatern_bcd, expected.offset_ras, expected.qfac);
    const Affine affine = GeometryOf(builder).affine_ras;
    for (size_t r = 0; r < 3; ++r) {
      for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(affine.linear[r][c], expected.affine[4 * r + c], 1e-14);
      EXPECT_EQ(affine.translation[r], expected.affine[4 * r + 3]);
    }
  }
}

TEST(NiftiGeometry, TakesAQfacOfZeroForOne) {
  const Affine affine = GeometryOf(NiftiBuilder().SformCode(0).Qform({0, 0, 0}, {0, 0, 0}, 0)).affine_ras;
  EXPECT_EQ(affine, kAlongAxes);
}

TEST(NiftiGeometry, CentresAVolumeWithoutFormsAndPointsItsFirstAxisLeft) {
  const Affine affine = GeometryOf(NiftiBuilder().SformCode(0)).affine_ras;  // 4 x 3 x 2 voxels
  EXPECT_EQ(affine, (Affine{{{{-1, 0, 0}, {0, 2, 0}, {0, 0, 3}}}, {1.5, -2, -1.5}}));
}

TEST(NiftiGeometry, KeepsTheHeadersSpacingBesideTheAffines) {
  NiftiBuilder builder;
  builder.Pixdim(3, 3.02);  // within 1 % of the sform's 3 mm
  const Geometry geometry = GeometryOf(builder);
  EXPECT_THAT(geometry.header_spacing_mm, ElementsAre(1, 2, static_cast<double>(3.02F)));
  EXPECT_THAT(geometry.AffineSpacingMm(), ElementsAre(1, 2, 3));
}

TEST(NiftiGeometry, AcceptsFormsThatDisagreeByLessThanATenthOfAVoxel) {
  EXPECT_EQ(GeometryOf(NiftiBuilder().Qform({0, 0, 0}, {0.09, 0, 0})).affine_ras, kAlongAxes);
  ExpectRefused(NiftiBuilder().Qform({0, 0, 0}, {0.11, 0, 0}), "must be within 0.1 mm (0.1 voxels)");
}

TEST(NiftiGeometry, MeasuresDisagreementAtTheCornerThatIsFarthest) {
  // A turn by 2 * asin(0.005) = 0.01 about k moves the corner (3, 2, *) = (3, 4) mm by 0.05 mm, at a length of 400 by far more.
  EXPECT_NO_THROW(GeometryOf(NiftiBuilder().Qform({0, 0, 0.005}, {0, 0, 0})));
  ExpectRefused(NiftiBuilder().Shape({400, 3, 2}).Qform({0, 0, 0.005}, {0, 0, 0}), "sform and qform disagree by 3.99");
}

TEST(NiftiGeometry, TakesTheFormThatThePolicyPrefers) {
  NiftiBuilder builder;
  builder.Qform({0, 0, 0}, {10, 0, 0});
  Affine qform = kAlongAxes;
  qform.translation[0] = 10;
  EXPECT_EQ(GeometryOf(builder, GeometryPolicy::kPreferSform).affine_ras, kAlongAxes);
  EXPECT_EQ(GeometryOf(builder, GeometryPolicy::kPreferQform).affine_ras, qform);
}

TEST(NiftiGeometry, TakesTheOtherFormWhereThePreferredOneIsNotSet) {
  EXPECT_EQ(GeometryOf(NiftiBuilder(), GeometryPolicy::kPreferQform).affine_ras, kAlongAxes);
  EXPECT_EQ(GeometryOf(NiftiBuilder().SformCode(0).Qform({0, 0, 0}, {0, 0, 0}), GeometryPolicy::kPreferSform).affine_ras,
            kAlongAxes);
}

TEST(NiftiGeometry, AcceptsShearedAxesOnlyWhereThePolicySaysSo) {
  Affine sheared = kAlongAxes;
  sheared.linear[0][1] = 0.1;
  ExpectRefused(NiftiBuilder().Sform(sheared), "directions must be orthonormal within 0.001");
  EXPECT_FLOAT_EQ(static_cast<float>(GeometryOf(NiftiBuilder().Sform(sheared), GeometryPolicy::kPreferSform).affine_ras.linear[0][1]),
                  0.1F);
  sheared.linear[0][1] = 0.001;  // a cosine of 0.0005: rounding of a file that was turned
  EXPECT_NO_THROW(GeometryOf(NiftiBuilder().Sform(sheared)));
}

TEST(NiftiGeometry, AcceptsASpacingOtherThanTheAffinesOnlyWhereThePolicySaysSo) {
  ExpectRefused(NiftiBuilder().Pixdim(3, 3.1), "pixdim[3] = 3.1: must be within 1 % of 3 mm, the length of column 2 of sform");
  EXPECT_NO_THROW(GeometryOf(NiftiBuilder().Pixdim(3, 3.1), GeometryPolicy::kPreferSform));
}

TEST(NiftiGeometry, RefusesANonsensicalSformWhateverThePolicy) {
  for (const auto policy : {GeometryPolicy::kPreferSform, GeometryPolicy::kPreferQform}) {
    ExpectRefused(NiftiBuilder().Sform({}), "determinant = 0", policy);
    ExpectRefused(NiftiBuilder().Put(kNifti1.srow_x, std::nanf("")), "srow_x[0] = nan", policy);
    Affine huge = kAlongAxes;
    huge.linear[1][1] = 51;
    ExpectRefused(NiftiBuilder().Sform(huge), "sform: length of column 1 = 51: must be in [0.01, 50] mm", policy);
  }
}

TEST(NiftiGeometry, AcceptsAHalfTurnWhoseRoundedQuaternionIsALittleTooLong) {
  const float third = std::nextafter(std::sqrt(1.0F / 3.0F), 1.0F);
  EXPECT_NO_THROW(GeometryOf(NiftiBuilder().SformCode(0).Qform({third, third, third}, {0, 0, 0})));
}

TEST(NiftiGeometry, AcceptsAnUnknownSpatialUnitAndAnyTimeUnit) {
  EXPECT_NO_THROW(GeometryOf(NiftiBuilder().Units(0)));
  EXPECT_NO_THROW(GeometryOf(NiftiBuilder().Units(2 + 8)));
  EXPECT_NO_THROW(GeometryOf(NiftiBuilder(2).Units(2 + 16)));
}

}  // namespace
}  // namespace tuckerseg
