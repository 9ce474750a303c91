#include "client/cli/output_folder.h"

#include <gtest/gtest.h>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class OutputFolderTest : public testing::Test {
 protected:
  const TemporaryDirectory directory_;
  const std::filesystem::path& folder_ = directory_.path();
};

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST_F(OutputFolderTest, IsMadeWithThoseAboveItOnceAFileIsWritten) {
  const OutputFolder output(folder_ / "a" / "b");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
  output.Write("liver.nii.gz", Bytes("mask"));
  EXPECT_EQ(FileText(folder_ / "a" / "b" / "liver.nii.gz"), "mask");
}

TEST_F(OutputFolderTest, TakesAFolderThatIsThere) {
  OutputFolder(folder_).Write("liver.nii.gz", Bytes("mask"));
  EXPECT_EQ(FileText(folder_ / "liver.nii.gz"), "mask");
}

TEST_F(OutputFolderTest, RefusesAFileAndWhatLiesBelowOneBeforeAnyWork) {
  directory_.Write("file", "text");
  ExpectError(ErrorCode::kInvalidArgument, "output: must be a folder", [&] { OutputFolder{folder_ / "file"}; });
  ExpectError(ErrorCode::kInvalidArgument, "output: must be a folder", [&] { OutputFolder{folder_ / "file" / "below"}; });
}

TEST_F(OutputFolderTest, LetsNoNameLeadOutOfIt) {
  const OutputFolder output(folder_ / "masks");
  for (const char* name : {"", "../liver", "/liver", ".hidden", "a/b", "a b", "a\nb", "\xC3\xA4"}) {
    ExpectError(ErrorCode::kInvalidArgument, "name of a file: must be letters", [&] { output.Write(name, Bytes("mask")); });
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "masks"));
}

}  // namespace
}  // namespace tuckerseg
