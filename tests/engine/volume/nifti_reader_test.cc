#include "engine/volume/nifti_reader.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "engine/volume/orientation.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<double> ValuesOf(const NiftiVolume& nifti) { return ToDouble(ViewOf(nifti.volume), 1); }

NiftiVolume ReadInPieces(std::span<const std::byte> bytes, size_t piece) {
  NiftiReader reader;
  for (size_t at = 0; at < bytes.size(); at += piece) reader.Feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  return reader.Finish();
}

std::vector<std::byte> Followed(std::vector<std::byte> bytes, size_t zeros) {
  bytes.resize(bytes.size() + zeros);
  return bytes;
}

/// Lowest, highest and two values between, through a file of each byte order and version.
template <typename T>
void ExpectRoundTrip() {
  const std::vector<T> values{std::numeric_limits<T>::lowest(), T{1}, T{100}, std::numeric_limits<T>::max()};
  for (const int version : {1, 2})
    for (const bool big_endian : {false, true}) {
      const auto bytes = NiftiBuilder(version, big_endian).Shape({4, 1, 1}).Voxels(values).Bytes();
      const NiftiVolume nifti = ReadNifti(bytes);
      ASSERT_EQ(nifti.volume.voxels.size(), 4 * sizeof(T));
      std::vector<T> read(4);
      std::memcpy(read.data(), nifti.volume.voxels.data(), nifti.volume.voxels.size());
      EXPECT_EQ(read, values);
    }
}

TEST(NiftiReader, ReadsEveryTypeInBothByteOrdersAndVersions) {
  ExpectRoundTrip<uint8_t>();
  ExpectRoundTrip<int8_t>();
  ExpectRoundTrip<uint16_t>();
  ExpectRoundTrip<int16_t>();
  ExpectRoundTrip<uint32_t>();
  ExpectRoundTrip<int32_t>();
  ExpectRoundTrip<uint64_t>();
  ExpectRoundTrip<int64_t>();
  ExpectRoundTrip<float>();
  ExpectRoundTrip<double>();
}

TEST(NiftiReader, ScalesVoxelsBySlopeAndIntercept) {
  const auto bytes = NiftiBuilder().Shape({3, 1, 1}).Voxels(std::vector<uint16_t>{0, 1000, 2000}).Scaling(0.5, -1024).Bytes();
  EXPECT_THAT(ValuesOf(ReadNifti(bytes)), ElementsAre(-1024, -524, -24));
}

TEST(NiftiReader, KeepsVoxelsThatAreNoNumbers) {
  const std::vector<float> values{std::nanf(""), HUGE_VALF, -HUGE_VALF, 1};
  const NiftiVolume nifti = ReadNifti(NiftiBuilder().Shape({4, 1, 1}).Voxels(values).Bytes());
  EXPECT_TRUE(std::isnan(ValuesOf(nifti)[0]));
  EXPECT_EQ(ValuesOf(nifti)[1], HUGE_VAL);
}

TEST(NiftiReader, ReadsGzipWithoutBeingTold) {
  const NiftiBuilder builder;
  EXPECT_EQ(ReadNifti(builder.Gzip()).volume.voxels, ReadNifti(builder.Bytes()).volume.voxels);
}

TEST(NiftiReader, GivesTheSameVolumeHoweverTheStreamIsCut) {
  NiftiBuilder builder;
  builder.Shape({20, 30, 4}).Extension(6, "a comment").Extension(4, "another, a little longer than that");
  const NiftiVolume whole = ReadNifti(builder.Bytes());
  for (const auto& bytes : {builder.Bytes(), builder.Gzip()})
    for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{100}, size_t{347}, size_t{349}, size_t{1000}}) {
      const NiftiVolume nifti = ReadInPieces(bytes, piece);
      EXPECT_EQ(nifti.volume.voxels, whole.volume.voxels);
      EXPECT_EQ(nifti.header.fields, whole.header.fields);
      EXPECT_EQ(nifti.header.extensions, whole.header.extensions);
    }
}

TEST(NiftiReader, HasTheHeaderBeforeTheVoxels) {
  const auto bytes = NiftiBuilder().Bytes();
  NiftiReader reader;
  reader.Feed(std::span(bytes).first(347));
  EXPECT_EQ(reader.header(), nullptr);
  reader.Feed(std::span(bytes).subspan(347, 1));
  ASSERT_NE(reader.header(), nullptr);
  EXPECT_THAT(reader.header()->geometry.shape, ElementsAre(4, 3, 2));
}

TEST(NiftiReader, RefusesAHeaderBeforeTheBodyHasCome) {
  const auto bytes = NiftiBuilder().Pixdim(3, 0).Bytes();
  NiftiReader reader;
  ExpectError(ErrorCode::kInvalidArgument, "pixdim[3] = 0", [&] { reader.Feed(std::span(bytes).first(348)); });
}

TEST(NiftiReader, ThrowsItsFirstErrorAgainOnEveryFurtherCall) {
  const auto bytes = NiftiBuilder().Pixdim(3, 0).Bytes();
  NiftiReader reader;
  for (int call = 0; call < 3; ++call) {
    ExpectError(ErrorCode::kInvalidArgument, "pixdim[3] = 0", [&] { reader.Feed(bytes); });
  }
  ExpectError(ErrorCode::kInvalidArgument, "pixdim[3] = 0", [&] { reader.Finish(); });
}

TEST(NiftiReader, GivesItsVolumeOnce) {
  NiftiReader reader;
  reader.Feed(NiftiBuilder().Bytes());
  reader.Finish();
  ExpectError(ErrorCode::kInternal, "finished before", [&] { reader.Finish(); });
}

TEST(NiftiReader, KeepsExtensionsAndNotTheZerosBehindThem) {
  const NiftiBuilder builder = NiftiBuilder().Extension(6, "comment");
  const auto expected = ReadNifti(builder.Bytes()).header.extensions;
  EXPECT_THAT(expected, SizeIs(16));
  const NiftiVolume gap = ReadNifti(NiftiBuilder(builder).RawExtensions(std::vector<std::byte>(4)).Bytes());
  EXPECT_EQ(gap.header.extensions, expected);
  EXPECT_EQ(gap.header.vox_offset, 372);
  EXPECT_EQ(gap.volume.voxels, ReadNifti(builder.Bytes()).volume.voxels);
}

TEST(NiftiReader, SkipsAGapThatTheExtenderDoesNotCallExtensions) {
  auto bytes = NiftiBuilder().RawExtensions(BytesOf("anything at all!")).Bytes();
  bytes[348] = std::byte{0};
  const NiftiVolume nifti = ReadNifti(bytes);
  EXPECT_TRUE(nifti.header.extensions.empty());
  EXPECT_EQ(nifti.volume.voxels, ReadNifti(NiftiBuilder().Bytes()).volume.voxels);
}

TEST(NiftiReader, ToleratesAMebibyteOfZerosBehindTheLastVoxel) {
  EXPECT_NO_THROW(ReadNifti(Followed(NiftiBuilder().Bytes(), size_t{1} << 20)));
  ExpectError(ErrorCode::kInvalidArgument, "the stream goes on behind the last one: must end after 48 bytes",
              [] { ReadNifti(Followed(NiftiBuilder().Bytes(), (size_t{1} << 20) + 1)); });
}

TEST(NiftiReader, UsesTheLimitsAndThePolicyItWasGiven) {
  const auto bytes = NiftiBuilder().Qform({0, 0, 0}, {10, 0, 0}).Bytes();
  EXPECT_EQ(ReadNifti(bytes, {}, GeometryPolicy::kPreferQform).volume.geometry.affine_ras.translation[0], 10);
  ExpectError(ErrorCode::kResourceExhausted, "dim[1] = 4: must be at most 3",
              [&] { ReadNifti(bytes, {.max_axis = 3}, GeometryPolicy::kPreferQform); });
}

TEST(NiftiReader, ReadsEveryRealCtUnderTheDefaultPolicy) {
  SKIP_WITHOUT_TEST_DATA();
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TestData() / "ct")) {
    SCOPED_TRACE(entry.path().filename().string());
    const NiftiVolume nifti = ReadNifti(BytesOfFile(entry.path()));
    EXPECT_EQ(nifti.volume.voxels.size(),
              static_cast<size_t>(nifti.volume.geometry.VoxelCount()) * BytesPerVoxel(nifti.volume.type));
    ++files;
  }
  EXPECT_GE(files, 8);
}

TEST(NiftiReader, FindsTheSameIntensitiesInADifferentlyTurnedCopyOfACt) {
  SKIP_WITHOUT_TEST_DATA();
  const auto canonical = [](const char* name) {
    const NiftiVolume nifti = ReadNifti(BytesOfFile(TestData() / "ct" / name));
    return ToFloat(ViewOf(nifti.volume, ClosestCanonical(nifti.volume.geometry.affine_ras)), 2);
  };
  const std::vector<float> ras = canonical("ras_3mm.nii.gz");
  EXPECT_EQ(canonical("permuted_sra.nii.gz"), ras);
  EXPECT_EQ(canonical("lps_float32.nii.gz"), ras);
  EXPECT_EQ(canonical("qform_only.nii.gz"), ras);
}

}  // namespace
}  // namespace tuckerseg
