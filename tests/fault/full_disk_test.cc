/// Disks that are full: a server whose log cannot be written serves all the same, and a client leaves no half label map behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/fault/running_server.h"
#include "tests/integration/free_port.h"
#include "tests/integration/program.h"
#include "tests/integration/segment_file.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(FullDisk, OfTheLogAndOfTheRecordsCostsNoRequest) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const ModelFolder models;
  const int port = FreePort();  // the log would tell, if it could be written
  const int metrics_port = FreePort();
  ServerProcess server(models.Arguments(R"({"choices_file": "/dev/full"})", port, metrics_port), "/dev/full");
  httplib::Client operators("127.0.0.1", metrics_port);
  ASSERT_TRUE(WaitUntil([&] {
    const auto ready = operators.Get("/readyz");
    return ready && ready->status == 200;
  })) << server.Errors();
  Client client("127.0.0.1:" + std::to_string(port));
  for (int time = 0; time < 3; ++time) EXPECT_NO_THROW(SegmentFile(client, CubeCt(24)));
  const auto page = operators.Get("/metrics");
  ASSERT_TRUE(page);
  EXPECT_THAT(page->body, HasSubstr(R"(tuckerseg_requests_total{code="OK",device="cpu",method="Segment",task="tiny",variant="original"} 3)"));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForEnd(), 0) << server.Errors();
}

TEST(FullDisk, OfTheClientLeavesNoHalfLabelMap) {
  const ModelFolder models;
  RunningServer server(models.Arguments());
  ASSERT_GT(server.port(), 0);
  const std::vector<std::byte> ct = CubeCt(40);
  const TemporaryDirectory folder;
  folder.Write("ct.nii.gz", {reinterpret_cast<const char*>(ct.data()), ct.size()});
  // 64 KB of labels, and files of 4 KB at most: the write fails in the middle, as on a full disk.
  const std::string limited = "ulimit -f 8 && trap '' XFSZ && " + std::string(TUCKERSEG_CLIENT);
  const std::string arguments = "segment ct.nii.gz -o labels.nii --quiet --server " + server.address();
  ExpectFailure(RunProgram(limited, arguments, folder.path()), 1, "output: cannot be written");
  std::vector<std::string> left;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path())) left.push_back(entry.path().filename().string());
  EXPECT_THAT(left, testing::UnorderedElementsAre("ct.nii.gz", "err", "out"));
  EXPECT_EQ(RunProgram(TUCKERSEG_CLIENT, arguments, folder.path()).status, 0) << "with room it is written";
}

}  // namespace
}  // namespace tuckerseg
