#include "client/cli/output_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class OutputFileTest : public testing::Test {
 protected:
  int64_t FileCount() const { return std::distance(std::filesystem::directory_iterator(folder_), {}); }

  const TemporaryDirectory directory_;
  const std::filesystem::path& folder_ = directory_.path();
};

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST_F(OutputFileTest, IsThereOnceItIsWritten) {
  const OutputFile output(folder_ / "labels.nii");
  EXPECT_EQ(FileCount(), 0);
  output.Write(Bytes("labels"));
  EXPECT_EQ(FileText(folder_ / "labels.nii"), "labels");
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(OutputFileTest, TakesThePlaceOfAnOldFile) {
  directory_.Write("labels.nii", "an older and longer one");
  OutputFile(folder_ / "labels.nii").Write(Bytes("new"));
  EXPECT_EQ(FileText(folder_ / "labels.nii"), "new");
}

TEST_F(OutputFileTest, RefusesAFolderThatIsNotThereBeforeAnyWork) {
  ExpectError(ErrorCode::kInvalidArgument, "output: must be a file in a folder that is there", [&] { OutputFile(folder_ / "no" / "labels.nii"); });
  ExpectError(ErrorCode::kInvalidArgument, "output", [&] { OutputFile{folder_}; });
}

TEST_F(OutputFileTest, SaysSoWhenTheFolderGoesBetweenTheCheckAndTheWrite) {
  std::filesystem::create_directory(folder_ / "results");
  const OutputFile output(folder_ / "results" / "labels.nii");
  std::filesystem::remove(folder_ / "results");
  ExpectError(ErrorCode::kInternal, "output: cannot be written", [&] { output.Write(Bytes("labels")); });
  EXPECT_EQ(FileCount(), 0);
}

TEST_F(OutputFileTest, LeavesNothingBehindWhenThePlaceIsTakenByAFolder) {
  const OutputFile output(folder_ / "labels.nii");
  std::filesystem::create_directory(folder_ / "labels.nii");
  ExpectError(ErrorCode::kInternal, "output: cannot be written", [&] { output.Write(Bytes("labels")); });
  EXPECT_EQ(FileCount(), 1) << "the file beside it is gone";
}

}  // namespace
}  // namespace tuckerseg
