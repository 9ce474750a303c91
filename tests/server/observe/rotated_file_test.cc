#include "server/observe/rotated_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
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

/// Whether a call goes without an Error of the setting.
bool IsTaken(const std::function<void()>& call) {
  try {
    call();
    return true;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("key: cannot be opened for writing"));
    return false;
  }
}

/// What the check says of a file; the start says the same, and all that was there before is there as it was.
bool IsTakenByTheCheck(const fs::path& path) {
  const auto text = [&path] { return fs::is_regular_file(path) ? FileText(path) : ""; };
  const bool was_there = fs::exists(path);
  const std::string before = text();
  const bool taken = IsTaken([&] { RotatedFile::Check("key", path); });
  EXPECT_EQ(fs::exists(path), was_there) << path;
  EXPECT_EQ(text(), before) << path;
  EXPECT_EQ(IsTaken([&] { RotatedFile("key", path, 10); }), taken) << path;
  return taken;
}

/// The process as a user that has no rights but those that all have, where it may become one: root may write whatever rights say.
class WithoutRights {
 public:
  WithoutRights() : user_(geteuid()), can_be_(user_ != 0 || seteuid(65534) == 0) {}
  ~WithoutRights() { EXPECT_EQ(seteuid(user_), 0); }
  WithoutRights(const WithoutRights&) = delete;
  WithoutRights& operator=(const WithoutRights&) = delete;
  /// False: root in a container that may become nobody else.
  bool can_be() const { return can_be_; }

 private:
  const uid_t user_;
  const bool can_be_;
};

TEST_F(RotatedFileTest, IsCheckedWithoutBeingMade) {
  folder_.Write("half", "no end of a line");
  EXPECT_TRUE(IsTakenByTheCheck(folder_.path() / "half"));
  EXPECT_TRUE(IsTakenByTheCheck(path_));
  EXPECT_FALSE(IsTakenByTheCheck(folder_.path() / "none" / "lines"));
  EXPECT_FALSE(IsTakenByTheCheck(folder_.path() / "half" / "lines"));
  EXPECT_FALSE(IsTakenByTheCheck(folder_.path()));
}

TEST_F(RotatedFileTest, IsCheckedWhereALinkLeads) {
  fs::create_directory(folder_.path() / "logs");
  fs::create_symlink("logs/lines", folder_.path() / "good");
  fs::create_symlink("none/lines", folder_.path() / "bad");
  fs::create_symlink("round", folder_.path() / "round");
  RotatedFile::Check("key", folder_.path() / "good");
  EXPECT_FALSE(fs::exists(folder_.path() / "logs" / "lines"));
  RotatedFile("key", folder_.path() / "good", 10);
  EXPECT_TRUE(fs::exists(folder_.path() / "logs" / "lines")) << "as the check has foretold";
  EXPECT_FALSE(IsTakenByTheCheck(folder_.path() / "bad"));
  EXPECT_FALSE(IsTaken([&] { RotatedFile::Check("key", folder_.path() / "round"); }));
}

TEST_F(RotatedFileTest, IsCheckedWithoutAWordToWhoeverReadsAPipe) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  RotatedFile::Check("key", path_);
  pollfd ended{reader, POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 0), 0) << "no writer has come and gone";
  close(reader);
  EXPECT_TRUE(IsTakenByTheCheck(path_));
}

TEST_F(RotatedFileTest, IsCheckedWhereItIsADevice) { EXPECT_TRUE(IsTakenByTheCheck("/dev/null")); }

TEST_F(RotatedFileTest, IsRefusedByTheCheckWhereItIsASocket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path_.size(), sizeof(address.sun_path));
  path_.copy(address.sun_path, path_.size());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_FALSE(IsTakenByTheCheck(path_));
  close(listener);
}

TEST_F(RotatedFileTest, IsCheckedAgainstTheRightsOfTheServersUser) {
  {
    const WithoutRights any_user;
    if (!any_user.can_be()) GTEST_SKIP() << "this root may not become another user";
    if (faccessat(AT_FDCWD, folder_.path().parent_path().c_str(), X_OK, AT_EACCESS) != 0) GTEST_SKIP() << "the folder for temporary files is root's alone";
  }
  const fs::path file = folder_.Write("lines", "one\n");
  const auto allow = [&](const fs::path& path, unsigned rights) { fs::permissions(path, static_cast<fs::perms>(rights)); };
  const auto taken = [](const fs::path& path) {
    const WithoutRights any_user;
    return IsTakenByTheCheck(path);
  };
  allow(file, 0666);
  allow(folder_.path(), 0555);
  EXPECT_TRUE(taken(file));
  EXPECT_FALSE(taken(folder_.path() / "another"));
  allow(file, 0444);
  EXPECT_FALSE(taken(file));
  allow(folder_.path(), 0777);
  EXPECT_TRUE(taken(folder_.path() / "another"));
}

TEST_F(RotatedFileTest, IsForTheServersUserAndGroupAlone) {
  RotatedFile file("key", path_, 10);
  EXPECT_EQ(fs::status(path_).permissions() & fs::perms::others_all, fs::perms::none);
}

}  // namespace
}  // namespace tuckerseg
