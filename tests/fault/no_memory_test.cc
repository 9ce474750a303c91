/// A server whose address space is used up: the request that needs more is refused, the process lives and serves what fits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "tests/engine/volume/expect_error.h"
#include "tests/fault/running_server.h"
#include "tests/fault/sanitized.h"
#include "tests/integration/segment_file.h"

namespace tuckerseg {
namespace {

/// What the process may still map: threads' stacks, a small volume; nothing of a large one.
constexpr rlim_t kLeft = rlim_t{160} << 20;

class NoMemory : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers map terabytes of their own, and end where they get none";
    // The server's own budget would refuse the volumes before anything is allocated: here it is wrong about the machine.
    server_.emplace(models_.Arguments(R"({"memory_limit_bytes": 17179869184, "threads": 2})"));
    ASSERT_GT(server_->port(), 0);
    client_.emplace(server_->address());
    small_ = SegmentFile(*client_, CubeCt(24)).file;  // its threads are there
  }

  void Limit(rlim_t bytes) {
    rlimit limit{};
    ASSERT_EQ(prlimit(server_->process().id(), RLIMIT_AS, nullptr, &limit), 0);
    limit.rlim_cur = std::min(bytes, limit.rlim_max);  // above the hard limit is for root alone
    ASSERT_EQ(prlimit(server_->process().id(), RLIMIT_AS, &limit, nullptr), 0) << "a child of the same user";
  }
  rlim_t MappedBytes() {
    std::ifstream file("/proc/" + std::to_string(server_->process().id()) + "/statm");
    rlim_t pages = 0;
    file >> pages;
    return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
  }
  void ExpectRefusal(const std::vector<std::byte>& ct) {
    ExpectError(ErrorCode::kResourceExhausted, "memory: none left for this request", [&] { SegmentFile(*client_, ct); });
  }

  const ModelFolder models_;
  std::optional<RunningServer> server_;
  std::optional<Client> client_;
  std::vector<std::byte> small_;
};

TEST_F(NoMemory, RefusesTheRequestsThatNeedMoreAndServesTheOthers) {
  const rlim_t mapped = MappedBytes();
  ASSERT_GT(mapped, 0U);
  Limit(mapped + kLeft);
  // A header that announces 200 MiB of voxels: no room is found for them.
  ExpectRefusal(NiftiBuilder().Dim(1, 512).Dim(2, 512).Dim(3, 400).Bytes());
  // 84 MiB of voxels find room, the image as float32 does not: the worker is where memory is missing.
  NiftiBuilder large;
  large.Shape({352, 352, 352}).Voxels(std::vector<int16_t>(352 * 352 * 352, 100)).Spacing({1, 1, 1});
  ExpectRefusal(large.Gzip());
  EXPECT_EQ(SegmentFile(*client_, CubeCt(24)).file, small_);
  Limit(RLIM_INFINITY);
  EXPECT_EQ(SegmentFile(*client_, CubeCt(24)).file, small_);
  EXPECT_EQ(server_->Stop(), 0) << server_->process().Errors();
}

}  // namespace
}  // namespace tuckerseg
