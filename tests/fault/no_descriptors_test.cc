/// A server whose file descriptors are used up by idle connections: who is connected is served, and when they have gone everybody is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/fault/running_server.h"
#include "tests/integration/segment_file.h"
#include "tests/server/serve/raw_connection.h"

namespace tuckerseg {
namespace {

constexpr const char* kOpenFiles = "\nprocess_open_fds ";

/// As the server tells it; 0 where it does not.
rlim_t OpenFilesOf(const RunningServer& server) {
  const auto page = httplib::Client("127.0.0.1", server.metrics_port()).Get("/metrics");
  if (!page) return 0;
  const size_t at = page->body.find(kOpenFiles);
  return at == std::string::npos ? 0 : std::stoul(page->body.substr(at + std::string(kOpenFiles).size()));
}

TEST(NoDescriptors, ShutNobodyOutForGood) {
  const ModelFolder models;
  RunningServer server(models.Arguments());
  ASSERT_GT(server.port(), 0);
  const std::vector<std::byte> ct = CubeCt(24);
  Client connected(server.address());
  const std::vector<std::byte> label_map = SegmentFile(connected, ct).file;

  const rlim_t open_files = OpenFilesOf(server);
  ASSERT_GT(open_files, 0U);
  rlimit before{};
  ASSERT_EQ(prlimit(server.process().id(), RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit few{open_files + 6, before.rlim_max};
  ASSERT_EQ(prlimit(server.process().id(), RLIMIT_NOFILE, &few, nullptr), 0);
  {
    std::vector<std::unique_ptr<RawConnection>> idle;
    for (int i = 0; i < 30; ++i) idle.push_back(std::make_unique<RawConnection>(server.port()));
    EXPECT_NE(idle.front()->Receive(), "") << "the first ones are let in";
    EXPECT_EQ(idle.back()->Receive(std::chrono::milliseconds(300)), "") << "the last ones wait";
    EXPECT_TRUE(idle.back()->IsOpen()) << "and are not turned away";
    EXPECT_EQ(SegmentFile(connected, ct).file, label_map);
  }
  Client next(server.address());
  EXPECT_EQ(SegmentFile(next, ct).file, label_map) << "with no more descriptors than before, once the others have gone";
  ASSERT_EQ(prlimit(server.process().id(), RLIMIT_NOFILE, &before, nullptr), 0);
  EXPECT_EQ(server.Stop(), 0) << server.process().Errors();
}

}  // namespace
}  // namespace tuckerseg
