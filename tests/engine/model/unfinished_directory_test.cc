#include "engine/model/unfinished_directory.h"

#include <gmock/gmock.h>

#include <unistd.h>

#include <optional>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UnfinishedDirectoryTest : public testing::Test {
 protected:
  std::vector<std::string> Entries() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  fs::path wanted() const { return folder_.path() / "wanted"; }

  const TemporaryDirectory folder_;
};

TEST_F(UnfinishedDirectoryTest, IsSeenOnlyOnceItIsPutInPlace) {
  {
    UnfinishedDirectory unfinished(wanted(), "bundle");
    std::ofstream(unfinished.path() / "file") << "text";
    EXPECT_FALSE(fs::exists(wanted()));
    EXPECT_TRUE(UnfinishedDirectory::IsUnfinished(unfinished.path()));
    unfinished.PutInPlace();
  }
  EXPECT_EQ(FileText(wanted() / "file"), "text");
  EXPECT_THAT(Entries(), ElementsAre("wanted"));
}

TEST_F(UnfinishedDirectoryTest, IsDeletedUnlessItIsPutInPlace) {
  { UnfinishedDirectory unfinished(wanted(), "bundle"); }
  EXPECT_THAT(Entries(), IsEmpty());
}

TEST_F(UnfinishedDirectoryTest, TakesThePlaceOfAnEmptyDirectoryAndOfNothingElse) {
  fs::create_directory(wanted());
  UnfinishedDirectory(wanted(), "bundle").PutInPlace();
  folder_.Write("wanted/file", "somebody's");
  ExpectError(ErrorCode::kFailedPrecondition, "is there and no empty directory: must be a new or empty one", [&] { UnfinishedDirectory(wanted(), "variant"); });
  ExpectError(ErrorCode::kFailedPrecondition, "wanted/file is there and no empty directory", [&] { UnfinishedDirectory(wanted() / "file", "variant"); });
  EXPECT_THAT(Entries(), ElementsAre("wanted"));
}

TEST_F(UnfinishedDirectoryTest, MayEndInASlashAndLieDeep) {
  UnfinishedDirectory(folder_.path() / "a" / "b" / "", "bundle").PutInPlace();
  EXPECT_TRUE(fs::is_directory(folder_.path() / "a" / "b"));
}

TEST_F(UnfinishedDirectoryTest, HoldsNothingOfWhatACrashOfAProcessOfTheSameNumberLeft) {
  folder_.Write("wanted.unfinished-" + std::to_string(getpid()) + "/stale", "from before");
  UnfinishedDirectory(wanted(), "bundle").PutInPlace();
  EXPECT_TRUE(fs::is_empty(wanted()));
}

TEST_F(UnfinishedDirectoryTest, CannotBeMadeInAFile) {
  folder_.Write("file", "");
  ExpectError(ErrorCode::kInternal, "bundle: its directory cannot be made", [&] { UnfinishedDirectory(folder_.path() / "file" / "wanted", "bundle"); });
}

TEST_F(UnfinishedDirectoryTest, IsToldByItsName) {
  EXPECT_TRUE(UnfinishedDirectory::IsUnfinished("models/total.unfinished-12"));
  EXPECT_FALSE(UnfinishedDirectory::IsUnfinished("models.unfinished-12/total"));
}

}  // namespace
}  // namespace tuckerseg
