#include "engine/whole_file.h"

#include <gtest/gtest.h>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class WholeFileTest : public testing::Test {
 protected:
  int64_t FilesLeft() const {
    return std::distance(std::filesystem::directory_iterator(folder_.path()), std::filesystem::directory_iterator());
  }
  const TemporaryDirectory folder_;
};

TEST_F(WholeFileTest, TakesThePlaceOfAnEarlierOneAtOnce) {
  const std::filesystem::path path = folder_.Write("card.json", "earlier");
  const std::string text = "later";
  {
    WholeFile file(path);
    file.Write(std::as_bytes(std::span(text)));
    EXPECT_EQ(FileText(path), "earlier");
    file.Commit();
  }
  EXPECT_EQ(FileText(path), "later");
  EXPECT_EQ(FilesLeft(), 1);
}

TEST_F(WholeFileTest, LeavesNothingWhereItIsNotCommitted) {
  { WholeFile file(folder_.path() / "card.json"); }
  EXPECT_EQ(FilesLeft(), 0);
}

TEST_F(WholeFileTest, SaysWhereItCannotBe) {
  ExpectError(ErrorCode::kInvalidArgument, "output: cannot be written: its folder must exist", [&] { WriteWholeFile(folder_.path() / "none" / "a", "x"); });
  std::filesystem::create_directories(folder_.path() / "taken" / "inside");
  ExpectError(ErrorCode::kInternal, "output: cannot take its name", [&] { WriteWholeFile(folder_.path() / "taken", "x"); });
  EXPECT_EQ(FilesLeft(), 1) << "the folder alone";
}

TEST_F(WholeFileTest, IsReadWhereItIsAFile) {
  EXPECT_EQ(ReadWholeFile(folder_.Write("text", std::string("a\0\n", 3))), std::string("a\0\n", 3));
  EXPECT_EQ(ReadWholeFile(folder_.Write("empty", "")), "");
  EXPECT_EQ(ReadWholeFile(folder_.path() / "none"), std::nullopt);
  EXPECT_EQ(ReadWholeFile(folder_.path()), std::nullopt) << "a folder";
}

TEST_F(WholeFileTest, IsNothingWhereReadingItFails) {
  const std::filesystem::path unreadable = "/proc/self/mem";  // a regular file that opens, and at whose begin no memory lies
  if (!std::ifstream(unreadable)) GTEST_SKIP() << "no /proc/self/mem may be opened";
  EXPECT_TRUE(std::filesystem::is_regular_file(unreadable));
  EXPECT_EQ(ReadWholeFile(unreadable), std::nullopt);
}

}  // namespace
}  // namespace tuckerseg
