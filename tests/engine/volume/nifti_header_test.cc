#include "engine/volume/nifti_header.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

NiftiHeader Parse(const NiftiBuilder& builder, const VolumeLimits& limits = {}) {
  return ParseNiftiHeader(builder.Bytes(), limits, GeometryPolicy::kRefuse);
}

struct Format {
  int version;
  bool big_endian;
};

class NiftiHeaderOfEachFormat : public testing::TestWithParam<Format> {
 protected:
  NiftiBuilder Builder() const { return NiftiBuilder(GetParam().version, GetParam().big_endian); }
};

INSTANTIATE_TEST_SUITE_P(Formats, NiftiHeaderOfEachFormat,
                         testing::Values(Format{1, false}, Format{1, true}, Format{2, false}, Format{2, true}),
                         [](const auto& format) {
                           return std::string(format.param.version == 1 ? "Nifti1" : "Nifti2") +
                                  (format.param.big_endian ? "BigEndian" : "LittleEndian");
                         });

TEST_P(NiftiHeaderOfEachFormat, IsReadInItsVersionAndByteOrder) {
  const auto bytes = Builder().Scaling(2, -1024).Bytes();
  EXPECT_EQ(NiftiHeaderSize(bytes), GetParam().version == 1 ? 348 : 540);
  const NiftiHeader header = ParseNiftiHeader(bytes, {}, GeometryPolicy::kRefuse);
  EXPECT_EQ(header.version, GetParam().version);
  EXPECT_EQ(header.big_endian, GetParam().big_endian);
  EXPECT_THAT(header.geometry.shape, ElementsAre(4, 3, 2));
  EXPECT_THAT(header.geometry.header_spacing_mm, ElementsAre(1, 2, 3));
  EXPECT_EQ(header.type, VoxelType::kInt16);
  EXPECT_EQ(header.slope, 2);
  EXPECT_EQ(header.intercept, -1024);
  EXPECT_EQ(header.vox_offset, GetParam().version == 1 ? 352 : 544);
}

TEST_P(NiftiHeaderOfEachFormat, KeepsItsBytes) {
  const auto bytes = Builder().Bytes();
  const NiftiHeader header = ParseNiftiHeader(bytes, {}, GeometryPolicy::kRefuse);
  EXPECT_TRUE(std::equal(header.fields.begin(), header.fields.end(), bytes.begin()));
  EXPECT_EQ(static_cast<int64_t>(header.fields.size()), NiftiHeaderSize(bytes));
}

TEST(NiftiHeader, KnowsEveryTypeOfIntegersAndFloats) {
  const auto type_of = [](int datatype, int bitpix) { return Parse(NiftiBuilder().Type(datatype, bitpix)).type; };
  EXPECT_EQ(type_of(2, 8), VoxelType::kUint8);
  EXPECT_EQ(type_of(4, 16), VoxelType::kInt16);
  EXPECT_EQ(type_of(8, 32), VoxelType::kInt32);
  EXPECT_EQ(type_of(16, 32), VoxelType::kFloat32);
  EXPECT_EQ(type_of(64, 64), VoxelType::kFloat64);
  EXPECT_EQ(type_of(256, 8), VoxelType::kInt8);
  EXPECT_EQ(type_of(512, 16), VoxelType::kUint16);
  EXPECT_EQ(type_of(768, 32), VoxelType::kUint32);
  EXPECT_EQ(type_of(1024, 64), VoxelType::kInt64);
  EXPECT_EQ(type_of(1280, 64), VoxelType::kUint64);
}

TEST(NiftiHeader, AcceptsOneFrame) {
  EXPECT_THAT(Parse(NiftiBuilder().Dim(0, 4)).geometry.shape, ElementsAre(4, 3, 2));
}

TEST(NiftiHeader, LeavesVoxelsUnscaledWhereTheSlopeIsZeroOrNotFinite) {
  for (const double slope : {0.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    for (const double intercept : {5.0, std::numeric_limits<double>::quiet_NaN()}) {
      const NiftiHeader header = Parse(NiftiBuilder().Scaling(slope, intercept));
      EXPECT_EQ(header.slope, 1);
      EXPECT_EQ(header.intercept, 0);
    }
  }
}

TEST(NiftiHeader, WidensAFloat32SlopeExactly) {
  EXPECT_EQ(Parse(NiftiBuilder().Scaling(0.1, 0)).slope, static_cast<double>(0.1F));
  EXPECT_EQ(Parse(NiftiBuilder(2).Scaling(0.1, 0)).slope, 0.1);
}

TEST(NiftiHeader, KeepsEveryLimitExactly) {
  const NiftiBuilder builder;  // 4 x 3 x 2 voxels of 2 bytes, 1 x 2 x 3 mm
  EXPECT_NO_THROW(Parse(builder, {.max_voxels = 24, .max_bytes = 48, .max_axis = 4}));
  const auto expect = [&](const VolumeLimits& limits, const std::string& message) {
    ExpectError(ErrorCode::kResourceExhausted, message, [&] { Parse(builder, limits); });
  };
  expect({.max_voxels = 23}, "dim[1..3] = 4 x 3 x 2: must be at most 23 voxels");
  expect({.max_bytes = 47}, "dim[1..3]: voxels = 24: must fill at most 47 bytes");
  expect({.max_axis = 3}, "dim[1] = 4: must be at most 3");
  ExpectError(ErrorCode::kInvalidArgument, "pixdim[2] = 2: must be in [0.01, 1.5] mm",
              [&] { Parse(builder, {.max_spacing_mm = {50, 1.5, 50}}); });
  ExpectError(ErrorCode::kInvalidArgument, "pixdim[1] = 1: must be in [1.5, 50] mm",
              [&] { Parse(builder, {.min_spacing_mm = {1.5, 0.01, 0.01}}); });
  ExpectError(ErrorCode::kInvalidArgument, "vox_offset = 384: must be a whole number in [352, 368]",
              [] { Parse(NiftiBuilder().Extension(6, "more than sixteen"), {.max_extension_bytes = 16}); });
}

TEST(NiftiHeader, TellsInNumbersHowManyBytesTheVoxelsWouldFill) {
  EXPECT_EQ(LimitRefusing([] { Parse(NiftiBuilder(), {.max_bytes = 47}); }), (ByteLimit{.needed_bytes = 48, .limit_bytes = 47}));
}

TEST(NiftiHeader, SurvivesLimitsThatAllowEverything) {
  constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
  const VolumeLimits limits{.max_voxels = kAll, .max_bytes = kAll, .max_axis = kAll};
  ExpectError(ErrorCode::kResourceExhausted, "dim[1..3] = ",
              [&] { Parse(NiftiBuilder(2).Dim(1, kAll).Dim(2, kAll).Dim(3, kAll), limits); });
  ExpectError(ErrorCode::kResourceExhausted, "dim[1..3]: voxels = ", [&] { Parse(NiftiBuilder(2).Dim(1, kAll / 8), limits); });
}

TEST(NiftiHeader, IsNotReadFromFewerBytesThanItHas) {
  const auto bytes = NiftiBuilder().Bytes();
  for (const size_t size : {size_t{0}, size_t{3}, size_t{4}, size_t{347}}) {
    ExpectError(ErrorCode::kDataLoss, "header: the stream ends",
                [&] { ParseNiftiHeader(std::span(bytes).first(size), {}, GeometryPolicy::kRefuse); });
  }
}

TEST(NiftiHeader, AcceptsNifti2WhoseLineEndsWereNeverWritten) {
  EXPECT_NO_THROW(Parse(NiftiBuilder(2).Magic({"n+2\0\0\0\0\0", 8})));
}

}  // namespace
}  // namespace tuckerseg
