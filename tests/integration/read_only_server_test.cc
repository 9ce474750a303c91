/// The program `tuckerseg-server` as a user without a name and without rights, where nothing can be written: as careful operators start it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/segment_file.h"
#include "tests/integration/server_process.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

/// read_only_server.sh: this machine does not let it.
constexpr int kSkipped = 77;

std::string FolderOf(pid_t process) { return "/proc/" + std::to_string(process); }

/// What the kernel says of a process under a word of /proc/PID/status.
std::vector<std::string> StatusOf(pid_t process, const std::string& word) {
  std::ifstream file(FolderOf(process) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(word + ":")) continue;
    std::istringstream values(line.substr(word.size() + 1));
    return {std::istream_iterator<std::string>(values), {}};
  }
  return {"no line " + word};
}

/// How file systems are mounted ("ro,relatime"), by their place, as a process sees them. Of several at one place the last, which hides the others.
std::map<std::string, std::string> MountsOf(pid_t process) {
  std::map<std::string, std::string> mounts;
  std::ifstream file(FolderOf(process) + "/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, place, options;
    words >> id >> parent >> device >> root >> place >> options;
    mounts[place] = options;
  }
  return mounts;
}

/// Why no file can be made in a folder; empty: one could. This test is root's, so that rights keep it from nothing.
std::string WhyNoFileCanBeMadeIn(const std::string& folder) {
  const std::string file = folder + "/tuckerseg-test-probe";
  const int made = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) return std::strerror(errno);
  close(made);
  unlink(file.c_str());
  return "";
}

void ExpectNoRights(pid_t server) {
  for (const char* word : {"Uid", "Gid"}) EXPECT_EQ(StatusOf(server, word), std::vector<std::string>(4, "65532")) << word;
  EXPECT_THAT(StatusOf(server, "Groups"), IsEmpty());
  for (const char* word : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) EXPECT_THAT(StatusOf(server, word), ElementsAre("0000000000000000")) << word;
  EXPECT_THAT(StatusOf(server, "NoNewPrivs"), ElementsAre("1"));
  for (const char* word : {"Name", "Uid", "CapEff", "CapBnd", "NoNewPrivs"}) std::cout << word << " " << testing::PrintToString(StatusOf(server, word)) << "\n";
}

void ExpectNothingCanBeWritten(pid_t server) {
  // Its root and the folder that it was started in, through the kernel's links, which lead into its own view.
  for (const char* place : {"/root/", "/root/tmp", "/root/var/tmp", "/root/dev/shm", "/root/mnt/models", "/root/mnt/models/tiny", "/cwd"}) {
    const std::string why = WhyNoFileCanBeMadeIn(FolderOf(server) + place);
    std::cout << "a file in /proc/PID" << place << ": " << (why.empty() ? "made" : why) << "\n";
    EXPECT_EQ(why, std::strerror(EROFS)) << place;
  }
  const std::map<std::string, std::string> mounts = MountsOf(server);
  EXPECT_TRUE(mounts.contains("/"));
  for (const auto& [place, options] : mounts) {
    std::cout << "mounted at " << place << ": " << options << "\n";
    EXPECT_THAT(options, StartsWith("ro")) << place;
  }
}

/// What fontconfig says where it can keep nowhere what it has found out about fonts, once for each of their folders; it draws all the same.
std::string WithoutFontCaches(const std::string& errors) {
  std::istringstream lines(errors);
  std::string others;
  for (std::string line; std::getline(lines, line);)
    if (line != "Fontconfig error: No writable cache directories") others += line + "\n";
  return others;
}

TEST(ReadOnlyServer, ServesAndStopsWithoutRightsWhereNothingCanBeWritten) {
  const TemporaryDirectory directory;
  SaveBundle(TinyBundle(TinyUnet(4, 3), {16, 16, 16}, 3), directory.path() / "models" / "tiny");
  directory.Write("models/server.json", WithoutDrainDelay());  // beside the bundle: that folder is taken to where the server can read it
  ServerProcess server({TUCKERSEG_SERVER_PROGRAM, directory.path() / "models", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--config", "/mnt/models/server.json"});
  const auto serving = server.WaitForEvent("serving");
  if (!serving && server.WaitForEnd() == kSkipped) GTEST_SKIP() << server.Errors();
  ASSERT_TRUE(serving) << server.Errors();
  ExpectNoRights(server.id());
  ExpectNothingCanBeWritten(server.id());

  // With all that a request can have made.
  v1::SegmentHeader header;
  header.mutable_output()->set_statistics(true);
  header.mutable_output()->set_preview(true);
  Client client("127.0.0.1:" + std::to_string(serving->at("port").get<int>()));
  const Answer answer = SegmentFile(client, NiftiBuilder().Shape({40, 40, 40}).Spacing({1, 1, 1}).Gzip(), header);
  EXPECT_EQ(answer.summary.variant(), "original");
  EXPECT_EQ(answer.label_map.volume.geometry.shape, (Index3{40, 40, 40}));
  const httplib::Result ready = httplib::Client("127.0.0.1", serving->at("metrics_port").get<int>()).Get("/readyz");
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->status, 200);

  server.Signal(SIGTERM);
  EXPECT_TRUE(server.WaitForEvent("stopped"));
  EXPECT_EQ(server.WaitForEnd(), 0);
  EXPECT_EQ(WithoutFontCaches(server.Errors()), "");
}

TEST(ReadOnlyServer, IsToldBeforehandThatItCannotRecordItsChoices) {
  const TemporaryDirectory directory;
  SaveBundle(TinyBundle(TinyUnet(4, 3), {16, 16, 16}, 3), directory.path() / "models" / "tiny");
  directory.Write("models/server.json", R"({"choices_file": "/tmp/choices.jsonl"})");
  ServerProcess server({TUCKERSEG_SERVER_PROGRAM, directory.path() / "models", "--config", "/mnt/models/server.json", "--check-config"});
  const int status = server.WaitForEnd();
  if (status == kSkipped) GTEST_SKIP() << server.Errors();
  EXPECT_EQ(status, 1);
  EXPECT_EQ(server.Errors(), "error: choices_file: cannot be opened for writing; must be a file that this server may write\n");
}

}  // namespace
}  // namespace tuckerseg
