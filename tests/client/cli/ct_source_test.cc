#include "client/cli/ct_source.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/sha256.h"
#include "engine/volume/nifti_reader.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

std::vector<std::byte> Produced(const CtSource& source) {
  std::vector<std::byte> bytes;
  source.produce([&bytes](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
  return bytes;
}

std::string DigestOf(const std::vector<std::byte>& bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.Digest();
}

TEST(OpenCt, SendsANiftiFileAsItIs) {
  const std::vector<std::byte> file = NiftiBuilder().Shape({100, 100, 40}).Bytes();
  const TemporaryDirectory folder;
  const std::filesystem::path path = folder.Write("ct.nii", {reinterpret_cast<const char*>(file.data()), file.size()});

  const CtSource source = OpenCt(path);

  EXPECT_EQ(source.total_bytes, file.size());
  EXPECT_EQ(source.sha256, DigestOf(file));
  EXPECT_TRUE(source.repeatable);
  for (int time = 0; time < 2; ++time) EXPECT_EQ(Produced(source), file);
}

TEST(OpenCt, TurnsADicomFolderOrOneOfItsFilesIntoOneNiftiFile) {
  SKIP_WITHOUT_TEST_DATA();
  const std::filesystem::path folder = TestData() / "dicom" / "example_ct";
  const CtSource from_folder = OpenCt(folder);
  const std::vector<std::byte> file = Produced(from_folder);
  EXPECT_EQ(from_folder.total_bytes, file.size());
  EXPECT_EQ(from_folder.sha256, DigestOf(file));
  EXPECT_EQ(ReadNifti(file).volume.geometry.shape, (Index3{512, 512, 20}));
  EXPECT_EQ(Produced(OpenCt(std::filesystem::directory_iterator(folder)->path())), file);
}

TEST(OpenCt, SaysThatStandardInputCanBeReadOnce) { EXPECT_FALSE(OpenCt("-").repeatable); }

TEST(OpenCt, SaysWhatACtCouldBe) {
  ExpectError(ErrorCode::kNotFound, "must be .nii, .nii.gz, a folder or file of DICOM, or -", [] { OpenCt("/no/such/ct.nii"); });
}

TEST(OpenCt, RefusesAFolderWithoutImages) {
  const TemporaryDirectory folder;
  ExpectError(ErrorCode::kInvalidArgument, "", [&] { OpenCt(folder.path()); });
}

}  // namespace
}  // namespace tuckerseg
