#include "engine/model/mapped_file.h"

#include <gtest/gtest.h>

#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(MappedFile, ShowsTheFilesBytes) {
  const TemporaryDirectory folder;
  const auto file = MappedFile::Open(folder.Write("file", "its bytes"), "weights");
  EXPECT_EQ(AsText(file->bytes()), "its bytes");
}

TEST(MappedFile, ShowsNothingOfAnEmptyFile) {
  const TemporaryDirectory folder;
  EXPECT_TRUE(MappedFile::Open(folder.Write("file", ""), "weights")->bytes().empty());
}

TEST(MappedFile, OutlivesTheFilesName) {
  const TemporaryDirectory folder;
  const auto path = folder.Write("file", "its bytes");
  const auto file = MappedFile::Open(path, "weights");
  std::filesystem::remove(path);
  EXPECT_EQ(AsText(file->bytes()), "its bytes");
}

TEST(MappedFile, MayBeHadAnotherTimeWhereThereIsNoDescriptorForIt) {
  const TemporaryDirectory folder;
  const auto path = folder.Write("file", "its bytes");
  {
    const FewDescriptors none(0);
    ExpectError(ErrorCode::kUnavailable, "weights: cannot be opened", [&] { MappedFile::Open(path, "weights"); });
  }
  EXPECT_EQ(AsText(MappedFile::Open(path, "weights")->bytes()), "its bytes");
}

TEST(MappedFile, RefusesWhatIsNoFileAndKeepsItsPathToItself) {
  const TemporaryDirectory folder;
  for (const auto& path : {folder.path(), folder.path() / "absent"}) {
    try {
      MappedFile::Open(path, "weights of part organs");
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotFound);
      EXPECT_STREQ(error.what(), "weights of part organs: cannot be opened; must be a readable file");
    }
  }
}

}  // namespace
}  // namespace tuckerseg
