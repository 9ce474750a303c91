#include "engine/model/file_bytes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(FileBytes, AreThoseOfTheFile) {
  const TemporaryDirectory folder;
  const std::string megabytes(5'000'001, 'm');
  EXPECT_EQ(AsText(FileBytes::Read(folder.Write("small", "its bytes"), "weights")->bytes()), "its bytes");
  EXPECT_EQ(AsText(FileBytes::Read(folder.Write("large", megabytes), "weights")->bytes()), megabytes);
  EXPECT_TRUE(FileBytes::Read(folder.Write("empty", ""), "weights")->bytes().empty());
}

TEST(FileBytes, StayWhatTheyWereWhateverBecomesOfTheFile) {
  const TemporaryDirectory folder;
  const std::string text(100'000, 't');
  const auto path = folder.Write("file", text);
  const auto file = FileBytes::Read(path, "weights");
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(AsText(file->bytes()), text) << "cut in its place: a mapping of it would end the process here";
  folder.Write("file", std::string(100'000, 'u'));
  EXPECT_EQ(AsText(file->bytes()), text);
  std::filesystem::remove(path);
  EXPECT_EQ(AsText(file->bytes()), text);
}

TEST(FileBytes, MayBeHadAnotherTimeWhereThereIsNoDescriptorForThem) {
  const TemporaryDirectory folder;
  const auto path = folder.Write("file", "its bytes");
  {
    const FewDescriptors none(0);
    ExpectError(ErrorCode::kUnavailable, "weights: cannot be opened", [&] { FileBytes::Read(path, "weights"); });
  }
  EXPECT_EQ(AsText(FileBytes::Read(path, "weights")->bytes()), "its bytes");
}

TEST(FileBytes, AreNotThoseOfWhatIsNoFileAndKeepTheirPathToThemselves) {
  const TemporaryDirectory folder;
  ASSERT_EQ(mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  for (const auto& path : {folder.path(), folder.path() / "absent", folder.path() / "pipe"}) {
    try {
      FileBytes::Read(path, "weights of part organs");
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotFound);
      EXPECT_STREQ(error.what(), "weights of part organs: cannot be opened; must be a readable file");
    }
  }
}

TEST(FileBytes, SayThatThereIsNoMemoryForThem) {
  // Larger than the address space: a hole, which uses neither disk nor memory. Not every file system takes one.
  const std::filesystem::path path = "/dev/shm/tuckerseg-test-" + std::to_string(getpid());
  std::ofstream(path).close();
  std::error_code error;
  std::filesystem::resize_file(path, int64_t{1} << 50, error);
  if (!error) ExpectError(ErrorCode::kResourceExhausted, "weights: no memory for its", [&] { FileBytes::Read(path, "weights"); });
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // however it went: nobody else would
  if (error) GTEST_SKIP() << "files larger than the address space cannot be made here";
}

TEST(FileBytes, SayWhereTheFileWasCutMeanwhile) {
  // A file of the kernel's, whose size says more than can be read of it, as one that is cut in the midst.
  if (!std::filesystem::exists("/sys/kernel/uevent_seqnum")) GTEST_SKIP() << "no sysfs here";
  ExpectError(ErrorCode::kDataLoss, "bytes while it was read", [&] { FileBytes::Read("/sys/kernel/uevent_seqnum", "weights"); });
}

}  // namespace
}  // namespace tuckerseg
