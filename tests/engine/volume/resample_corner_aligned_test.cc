#include <gmock/gmock.h>
#include <zlib.h>

#include <cmath>
#include <limits>

#include "engine/volume/nifti_reader.h"
#include "engine/volume/resample.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/engine/volume/scipy_zoom.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::Each;
using ::testing::FloatNear;
using ::testing::Pointwise;

template <typename T>
Volume VolumeOf(const Index3& shape, const std::vector<T>& values) {
  return ReadNifti(NiftiBuilder().Shape(shape).Voxels(values).Bytes()).volume;
}

/// Voxel (i, j, k): (73 i + 31 j + 17 k) mod 101 * 25 - 1024.
Volume PatternVolume(const Index3& shape) {
  std::vector<int16_t> values;
  for (int64_t k = 0; k < shape[2]; ++k)
    for (int64_t j = 0; j < shape[1]; ++j)
      for (int64_t i = 0; i < shape[0]; ++i) values.push_back(static_cast<int16_t>((73 * i + 31 * j + 17 * k) % 101 * 25 - 1024));
  return VolumeOf(shape, values);
}

std::vector<float> Resampled(const Volume& volume, const Index3& shape, int order, IntensityCast cast = IntensityCast::kNone) {
  return ResampleCornerAligned(ViewOf(volume), shape, order, cast, 2);
}

TEST(ResampledLength, RoundsHalvesToEven) {
  EXPECT_EQ(ResampledLength(122, 3.0, 1.5), 244);
  EXPECT_EQ(ResampledLength(5, 1.5, 3.0), 2);  // 2.5
  EXPECT_EQ(ResampledLength(7, 1.5, 3.0), 4);  // 3.5
  EXPECT_EQ(ResampledLength(512, static_cast<double>(0.7F), 1.5), 239);
}

TEST(ResampleCornerAligned, KeepsTheCornersAndIsLinearBetweenThem) {
  const Volume volume = VolumeOf<int16_t>({2, 1, 1}, {0, 300});
  EXPECT_THAT(Resampled(volume, {4, 1, 1}, 1), ElementsAre(0, 100, 200, 300));
  EXPECT_THAT(Resampled(VolumeOf<int16_t>({5, 1, 1}, {0, 1, 2, 3, 4}), {3, 1, 1}, 1), ElementsAre(0, 2, 4));
}

TEST(ResampleCornerAligned, PutsASingleVoxelOnTheFirst) {
  EXPECT_THAT(Resampled(VolumeOf<int16_t>({3, 1, 1}, {7, 8, 9}), {1, 1, 1}, 1), ElementsAre(7));
  EXPECT_THAT(Resampled(VolumeOf<int16_t>({1, 1, 1}, {7}), {3, 2, 1}, 1), Each(7));
}

TEST(ResampleCornerAligned, GivesScipysVoxels) {
  for (const ScipyZoom& expected : kScipyZooms) {
    SCOPED_TRACE(testing::PrintToString(expected.shape) + " order " + std::to_string(expected.order));
    Volume volume = PatternVolume(expected.shape);
    volume.slope = 0.7;
    volume.intercept = 0.1;
    const auto output = Resampled(volume, expected.output_shape, expected.order);
    if (expected.order == 3) {
      // Separable evaluation sums in another order than scipy: 1e-9 apart, then rounded to float32.
      EXPECT_THAT(output, Pointwise(FloatNear(1e-4F), expected.output));
    } else {
      EXPECT_EQ(output, expected.output);
    }
  }
}

// A rounding difference in the last bit would turn some of these two to three million integers over.
TEST(ResampleCornerAligned, GivesScipysIntegersForEveryVoxelOfRealCts) {
  SKIP_WITHOUT_TEST_DATA();
  for (const ScipyZoomOfCt& expected : kScipyZoomsOfCt) {
    SCOPED_TRACE(expected.name);
    const NiftiVolume nifti = ReadNifti(BytesOfFile(TestData() / "ct" / (std::string(expected.name) + ".nii.gz")));
    const Orientation orientation = ClosestCanonical(nifti.volume.geometry.affine_ras);
    const Geometry canonical = CanonicalGeometry(nifti.volume.geometry, orientation);
    Index3 shape{};
    for (size_t a = 0; a < 3; ++a) shape[a] = ResampledLength(canonical.shape[a], canonical.AffineSpacingMm()[a], 2.2);
    ASSERT_EQ(shape, expected.output_shape);
    const auto output =
        ResampleCornerAligned(ViewOf(nifti.volume, orientation), shape, 1, IntensityCast::kTruncateToInt32, 2);
    const std::vector<int32_t> integers(output.begin(), output.end());
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(integers.data()), static_cast<uInt>(4 * integers.size())), expected.crc32);
  }
}

TEST(ResampleCornerAligned, ReadsEveryTypeAlike) {
  const std::vector<int> values{3, 100, 7, 55, 90, 2, 66, 31};
  const auto resampled = [&values]<typename T>(T) {
    return Resampled(VolumeOf<T>({2, 2, 2}, {values.begin(), values.end()}), {3, 4, 5}, 1);
  };
  const auto expected = resampled(double{});
  EXPECT_EQ(resampled(uint8_t{}), expected);
  EXPECT_EQ(resampled(int8_t{}), expected);
  EXPECT_EQ(resampled(uint16_t{}), expected);
  EXPECT_EQ(resampled(int16_t{}), expected);
  EXPECT_EQ(resampled(uint32_t{}), expected);
  EXPECT_EQ(resampled(int32_t{}), expected);
  EXPECT_EQ(resampled(uint64_t{}), expected);
  EXPECT_EQ(resampled(int64_t{}), expected);
  EXPECT_EQ(resampled(float{}), expected);
}

TEST(ResampleCornerAligned, SeesATurnedViewLikeATurnedVolume) {
  const Volume volume = PatternVolume({4, 3, 2});
  // The same voxels, stored as [axis 2][axis 1][axis 0] of the view: k, i backwards, j.
  const VolumeView view = ViewOf(volume, {{2, 0, 1}, {false, true, false}});
  const Volume turned = VolumeOf<float>({2, 4, 3}, ToFloat(view, 1));
  for (const int order : {0, 1, 3}) {
    EXPECT_EQ(ResampleCornerAligned(view, {5, 2, 4}, order, IntensityCast::kNone, 1), Resampled(turned, {5, 2, 4}, order));
  }
}

TEST(ResampleCornerAligned, TruncatesTowardZero) {
  const Volume volume = VolumeOf<float>({6, 1, 1}, {-1.9F, -0.9F, -0.1F, 0.9F, 1.9F, 1000.99F});
  EXPECT_THAT(Resampled(volume, {6, 1, 1}, 1, IntensityCast::kTruncateToInt32), ElementsAre(-1, 0, 0, 0, 1, 1000));
}

TEST(ResampleCornerAligned, TurnsWhatDoesNotFitInt32IntoTheLowest) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<double> values{std::nan(""), kInfinity, -kInfinity, 2147483648.0, 2147483647.0, -2147483648.9, -2147483649.0};
  for (const double value : values) {
    const auto output = Resampled(VolumeOf<double>({1, 1, 1}, {value}), {1, 1, 1}, 1, IntensityCast::kTruncateToInt32);
    EXPECT_EQ(output[0], value == 2147483647.0 ? 2147483648.0F : -2147483648.0F) << value;  // the float next to 2^31 - 1
  }
}

TEST(ResampleCornerAligned, Order3ReproducesACubicInsideTheVolume) {
  // An interpolating cubic spline gives cubics back; the padded edge spoils it by 0.27^n at n samples from the border.
  std::vector<double> values(41);
  const auto cubic = [](double x) { return ((x / 40 - 0.5) * 3 + 1) * x * x / 40; };
  for (size_t i = 0; i < values.size(); ++i) values[i] = cubic(static_cast<double>(i));
  const auto output = Resampled(VolumeOf<double>({41, 1, 1}, values), {81, 1, 1}, 3);
  for (size_t k = 36; k <= 44; ++k) EXPECT_NEAR(static_cast<double>(output[k]), cubic(static_cast<double>(k) / 2), 1e-5);
}

TEST(ResampleCornerAligned, DoesNotDependOnTheNumberOfThreads) {
  const Volume volume = PatternVolume({13, 9, 11});
  for (const int order : {0, 1, 3}) {
    const auto expected = ResampleCornerAligned(ViewOf(volume), {7, 17, 5}, order, IntensityCast::kNone, 1);
    for (const int threads : {2, 3, 16}) {
      EXPECT_EQ(ResampleCornerAligned(ViewOf(volume), {7, 17, 5}, order, IntensityCast::kNone, threads), expected);
    }
  }
}

TEST(ResampleCornerAligned, RefusesOtherOrdersAndEmptyShapes) {
  const Volume volume = PatternVolume({2, 2, 2});
  for (const int order : {-1, 2, 4}) {
    ExpectError(ErrorCode::kInvalidArgument, "order = " + std::to_string(order) + ": must be 0, 1 or 3",
                [&] { Resampled(volume, {2, 2, 2}, order); });
  }
  ExpectError(ErrorCode::kInvalidArgument, "axis 1: 2 voxels to 0: both must be at least 1",
              [&] { Resampled(volume, {2, 0, 2}, 1); });
}

}  // namespace
}  // namespace tuckerseg
