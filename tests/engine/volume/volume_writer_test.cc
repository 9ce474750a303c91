#include <gmock/gmock.h>

#include <array>
#include <cmath>

#include "engine/volume/nifti_reader.h"
#include "engine/volume/nifti_writer.h"
#include "engine/volume/orientation.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

std::vector<std::byte> Written(const Volume& volume, Compression compression = Compression::kNone) {
  std::vector<std::byte> bytes;
  WriteVolume(volume, compression,
              [&bytes](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  return bytes;
}

/// The volume of a file that holds the values.
template <typename T>
Volume VolumeOf(const Index3& shape, const std::vector<T>& values) {
  return ReadNifti(NiftiBuilder().Shape(shape).Voxels(values).Bytes()).volume;
}

TEST(WriteVolume, WritesVoxelsScalingAndGeometryThatAreReadBack) {
  Volume volume = VolumeOf<int16_t>({2, 2, 1}, {-1024, 0, 1, 3071});
  volume.slope = 0.5;
  volume.intercept = -8;
  volume.geometry.affine_ras = {{{{-0.75, 0, 0}, {0, -0.75, 0}, {0, 0, 5}}}, {190.5, 200.25, -900}};
  for (const Compression compression : {Compression::kNone, Compression::kGzip}) {
    const NiftiVolume read = ReadNifti(Written(volume, compression));
    EXPECT_EQ(read.header.version, 1);
    EXPECT_FALSE(read.header.big_endian);
    EXPECT_EQ(read.volume.voxels, volume.voxels);
    EXPECT_EQ(read.volume.slope, 0.5);
    EXPECT_EQ(read.volume.intercept, -8);
    EXPECT_EQ(read.volume.geometry.affine_ras, volume.geometry.affine_ras);
  }
}

TEST(WriteVolume, WritesEveryType) {
  const auto expect = [](const Volume& volume) {
    const Volume read = ReadNifti(Written(volume)).volume;
    EXPECT_EQ(read.type, volume.type);
    EXPECT_EQ(read.voxels, volume.voxels);
  };
  expect(VolumeOf<uint8_t>({2, 1, 1}, {1, 255}));
  expect(VolumeOf<int8_t>({2, 1, 1}, {-1, 127}));
  expect(VolumeOf<uint16_t>({2, 1, 1}, {1, 65535}));
  expect(VolumeOf<int16_t>({2, 1, 1}, {-1, 32767}));
  expect(VolumeOf<uint32_t>({2, 1, 1}, {1, 4294967295}));
  expect(VolumeOf<int32_t>({2, 1, 1}, {-1, 2147483647}));
  expect(VolumeOf<uint64_t>({2, 1, 1}, {1, ~uint64_t{0}}));
  expect(VolumeOf<int64_t>({2, 1, 1}, {-1, int64_t{1} << 62}));
  expect(VolumeOf<float>({2, 1, 1}, {-1.5F, 1e30F}));
  expect(VolumeOf<double>({2, 1, 1}, {-1.5, 1e300}));
}

/// Rotation from Euler angles in degrees, with a reflection of the third axis if `reflected`; spacings 0.7, 0.8 and 2.5 mm.
Affine Turned(double about_x, double about_y, double about_z, bool reflected) {
  const auto turn = [](size_t axis, double degrees) {
    const double angle = degrees / 180 * 3.14159265358979;
    std::array<std::array<double, 3>, 3> m{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    const size_t p = (axis + 1) % 3;
    const size_t q = (axis + 2) % 3;
    m[p][p] = m[q][q] = std::cos(angle);
    m[q][p] = std::sin(angle);
    m[p][q] = -m[q][p];
    return m;
  };
  const auto times = [](const auto& one, const auto& two) {
    std::array<std::array<double, 3>, 3> product{};
    for (size_t r = 0; r < 3; ++r)
      for (size_t c = 0; c < 3; ++c)
        for (size_t k = 0; k < 3; ++k) product[r][c] += one[r][k] * two[k][c];
    return product;
  };
  Affine affine{times(times(turn(0, about_x), turn(1, about_y)), turn(2, about_z)), {-100, 50, 30}};
  for (auto& row : affine.linear) {
    row[0] *= 0.7;
    row[1] *= 0.8;
    row[2] *= reflected ? -2.5 : 2.5;
  }
  return affine;
}

TEST(WriteVolume, WritesAQformThatSaysTheSameAsTheSform) {
  Volume volume = VolumeOf<uint8_t>({64, 32, 16}, std::vector<uint8_t>(64 * 32 * 16));
  for (const double x : {0.0, 17.0, 90.0, 180.0, -120.0})
    for (const double y : {0.0, 5.0, -90.0, 180.0})
      for (const double z : {0.0, -45.0, 90.0, 180.0, 271.0})
        for (const bool reflected : {false, true}) {
          volume.geometry.affine_ras = Turned(x, y, z, reflected);
          const auto bytes = Written(volume);
          EXPECT_EQ(NiftiFields(bytes, false).Code(kNifti1, kNifti1.qform_code), 1);
          const Affine& expected = volume.geometry.affine_ras;
          const Affine sform = ReadNifti(bytes).volume.geometry.affine_ras;
          const Affine qform = ReadNifti(bytes, {}, GeometryPolicy::kPreferQform).volume.geometry.affine_ras;
          for (size_t r = 0; r < 3; ++r)
            for (size_t c = 0; c < 3; ++c) {
              // float32: 3e-7 of 2.5 mm; through the missing part of a quaternion, the root of it for half turns.
              EXPECT_NEAR(sform.linear[r][c], expected.linear[r][c], 1e-6);
              EXPECT_NEAR(qform.linear[r][c], expected.linear[r][c], 1e-3);
            }
        }
}

// DICOM directions are written with few decimals; at 500 voxels a millirad is half a voxel, which the reader would refuse.
TEST(WriteVolume, LeavesTheQformOutWhereAxesAreNotQuiteOrthonormal) {
  Volume volume = VolumeOf<uint8_t>({512, 1, 1}, std::vector<uint8_t>(512));
  volume.geometry.affine_ras = {{{{1, 0, 0}, {0.0009, 1, 0}, {0, 0, 1}}}, {0, 0, 0}};
  const auto bytes = Written(volume);
  EXPECT_EQ(NiftiFields(bytes, false).Code(kNifti1, kNifti1.qform_code), 0);
  EXPECT_NEAR(ReadNifti(bytes).volume.geometry.affine_ras.linear[1][0], 0.0009, 1e-9);
}

TEST(WriteVolume, RefusesWhatNifti1CannotHold) {
  Volume volume = VolumeOf<uint8_t>({2, 1, 1}, {1, 2});
  volume.geometry.shape = {2, 32768, 1};
  ExpectError(ErrorCode::kInvalidArgument, "shape[1] = 32768: must be in [1, 32767]", [&] { Written(volume); });
  volume.geometry.shape = {2, 1, 0};
  ExpectError(ErrorCode::kInvalidArgument, "shape[2] = 0: must be in [1, 32767]", [&] { Written(volume); });
  volume.geometry.shape = {3, 1, 1};
  ExpectError(ErrorCode::kInvalidArgument, "voxels = 2 bytes: must be 3", [&] { Written(volume); });
}

}  // namespace
}  // namespace tuckerseg
