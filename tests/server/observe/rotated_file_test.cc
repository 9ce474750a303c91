#include "server/observe/rotated_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

class RotatedFileTest : public testing::Test {
 protected:
  std::string Text() const { return FileText(path_); }
  std::string Aside() const { return FileText(path_ + ".1"); }

  const TemporaryDirectory folder_;
  const std::string path_ = folder_.path() / "lines";
};

TEST_F(RotatedFileTest, AddsLinesToWhatIsThere) {
  folder_.Write("lines", "before\n");
  RotatedFile file("key", path_, 1000);
  EXPECT_TRUE(file.Append("one"));
  EXPECT_TRUE(file.Append("two"));
  EXPECT_EQ(Text(), "before\none\ntwo\n") << "at once, not when the server ends";
}

TEST_F(RotatedFileTest, IsPutAsideWhenTheNextLineWouldPassTheBound) {
  RotatedFile file("key", path_, 8);
  for (const char* line : {"one", "two"}) EXPECT_TRUE(file.Append(line));
  EXPECT_FALSE(fs::exists(path_ + ".1")) << "eight bytes";
  EXPECT_TRUE(file.Append("three"));
  EXPECT_EQ(Aside(), "one\ntwo\n");
  EXPECT_EQ(Text(), "three\n");
}

TEST_F(RotatedFileTest, IsPutAsideOnceEachTime) {
  RotatedFile file("key", path_, 8);
  for (int line = 1000; line < 1020; ++line) {
    EXPECT_TRUE(file.Append(std::to_string(line)));
    EXPECT_LE(fs::file_size(path_), 8U);
  }
  EXPECT_EQ(Aside(), "1018\n");
  EXPECT_EQ(Text(), "1019\n");
}

TEST_F(RotatedFileTest, CountsWhatWasThereBefore) {
  folder_.Write("lines", "before\n");
  RotatedFile file("key", path_, 8);
  EXPECT_TRUE(file.Append("one"));
  EXPECT_EQ(Aside(), "before\n");
  EXPECT_EQ(Text(), "one\n");
}

TEST_F(RotatedFileTest, TakesALineThatIsLongerThanTheBound) {
  RotatedFile file("key", path_, 4);
  EXPECT_TRUE(file.Append("a long line"));
  EXPECT_EQ(Text(), "a long line\n");
}

TEST_F(RotatedFileTest, EndsALineThatAKilledServerLeftHalf) {
  folder_.Write("lines", "whole\nha");
  RotatedFile file("key", path_, 1000);
  EXPECT_TRUE(file.Append("next"));
  EXPECT_EQ(Text(), "whole\nha\nnext\n");
}

TEST_F(RotatedFileTest, LeavesAPipeWhereItIs) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  RotatedFile file("key", path_, 8);
  for (int line = 0; line < 5; ++line) EXPECT_TRUE(file.Append("a line"));
  EXPECT_TRUE(fs::is_fifo(path_));
  EXPECT_FALSE(fs::exists(path_ + ".1"));
}

TEST_F(RotatedFileTest, SaysThatTheDiskIsFullAndGoesOn) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  RotatedFile file("key", "/dev/full", 1000);
  EXPECT_FALSE(file.Append("one"));
  EXPECT_EQ(file.error(), ENOSPC);
  EXPECT_FALSE(file.Append("two"));
}

TEST_F(RotatedFileTest, IsThereAgainAfterItsFolderWas) {
  const fs::path folder = folder_.path() / "logs";
  fs::create_directory(folder);
  RotatedFile file("key", folder / "lines", 4);
  EXPECT_TRUE(file.Append("one"));
  fs::remove_all(folder);
  EXPECT_FALSE(file.Append("two")) << "it cannot be put aside";
  EXPECT_FALSE(file.Append("three")) << "nor made again";
  fs::create_directory(folder);
  EXPECT_TRUE(file.Append("four"));
  EXPECT_EQ(FileText(folder / "lines"), "four\n");
}

TEST_F(RotatedFileTest, NamesTheSettingWhereItCannotBeWritten) {
  ExpectError(ErrorCode::kInvalidArgument, "choices_file: cannot be opened for writing", [&] { RotatedFile("choices_file", folder_.path() / "none" / "lines", 10); });
  ExpectError(ErrorCode::kInvalidArgument, "choices_file: cannot be opened for writing", [&] { RotatedFile("choices_file", folder_.path(), 10); });
}

TEST_F(RotatedFileTest, IsForTheServersUserAndGroupAlone) {
  RotatedFile file("key", path_, 10);
  EXPECT_EQ(fs::status(path_).permissions() & fs::perms::others_all, fs::perms::none);
}

}  // namespace
}  // namespace tuckerseg
