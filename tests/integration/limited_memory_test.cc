/// The program `tuckerseg-server` in a container's control group with little memory: what it takes on it finishes below the limit, and what would pass it is refused beforehand.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/lib/client.h"
#include "engine/segment/memory_plan.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/memory_group.h"
#include "tests/integration/server_process.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

/// limited_server.sh: this machine does not let it.
constexpr int kSkipped = 77;
constexpr int64_t kLimit = int64_t{1} << 30;
constexpr int kThreads = 2;
constexpr double kMebibyte = 1 << 20;

/// A patch takes some 140 MiB, a volume a few of them.
Bundle FewPatches() {
  Bundle bundle = TinyBundle(TinyUnet(2, 4), {96, 96, 96}, 3);
  bundle.model.pipeline.tile_step = 1;
  return bundle;
}

/// What the server foretells for a cube of voxels of 1 mm: they themselves as int16, and the peak of segmenting them.
int64_t ForetoldBytes(const Model& model, int64_t length) {
  Geometry geometry;
  geometry.shape = {length, length, length};
  geometry.header_spacing_mm = {1, 1, 1};
  for (size_t a = 0; a < 3; ++a) geometry.affine_ras.linear[a][a] = 1;
  return 2 * geometry.VoxelCount() + PredictPeakBytes(model, geometry, {.threads = kThreads});
}

/// The largest one for which so many bytes are foretold at most, in steps of eight voxels.
int64_t LargestCube(const Model& model, int64_t bytes) {
  int64_t length = 8;
  while (ForetoldBytes(model, length + 8) <= bytes) length += 8;
  return length;
}

std::vector<std::byte> CubeOf(int64_t length) {
  const auto voxels = static_cast<size_t>(length * length * length);
  return NiftiBuilder().Shape({length, length, length}).Voxels(std::vector<int16_t>(voxels, 100)).Spacing({1, 1, 1}).Bytes();
}

/// Bytes that a refusal names; -1: none.
int64_t BytesIn(const grpc::Status& status, const std::string& key) {
  const std::string text = InfoOf(status, key);
  return text.empty() ? -1 : std::strtoll(text.c_str(), nullptr, 10);
}

class LimitedMemory : public testing::Test {
 protected:
  void SetUp() override {
    if (!group_.why_not().empty()) GTEST_SKIP() << group_.why_not();
    SaveBundle(bundle_, directory_.path() / "models" / "tiny");
    const std::string config = directory_.Write("config.json", WithoutDrainDelay(R"({"threads": )" + std::to_string(kThreads) + "}"));
    server_.emplace(std::vector<std::string>{group_.folder(), TUCKERSEG_SERVER_PROGRAM, "--models", directory_.path() / "models", "--listen", "127.0.0.1:0", "--metrics",
                                             "127.0.0.1:0", "--config", config});
    const auto serving = server_->WaitForEvent("serving");
    if (!serving && server_->WaitForEnd() == kSkipped) GTEST_SKIP() << server_->Errors();
    ASSERT_TRUE(serving) << server_->Errors();
    address_ = "127.0.0.1:" + std::to_string(serving->at("port").get<int>());
    channel_ = grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
    budget_ = static_cast<int64_t>(Client(address_).GetServerInfo().memory_limit_bytes());
  }

  /// It was answered in full, nothing in the group was killed for it, and the group never had more than it may.
  void ExpectServed(int64_t length) {
    const Answer answer = Segment(channel_, CubeOf(length));
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_TRUE(answer.order.ends_with("s")) << "up to its summary: " << answer.order;
    EXPECT_EQ(answer.header.bytes(), answer.file.size());
    EXPECT_EQ(group_.Killed(), 0);
    EXPECT_GT(group_.PeakBytes(), 0);
    EXPECT_LE(group_.PeakBytes(), kLimit);
  }

  const Bundle bundle_ = FewPatches();
  const TemporaryDirectory directory_;
  MemoryGroup group_{kLimit};  // before the server, which ends before it is deleted
  std::optional<ServerProcess> server_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
  int64_t budget_ = 0;  // what requests may have
};

TEST_F(LimitedMemory, IsEnoughForWhatIsTakenOnAndWhatWouldPassItIsRefused) {
  EXPECT_LE(budget_, kLimit / 10 * 8) << "of the group's limit, not of the machine's memory";
  EXPECT_GE(budget_, kLimit / 10 * 4);

  // Nearly all that may be had, twice: what the first one leaves in the heap must not stand in the way of the second.
  const int64_t length = LargestCube(bundle_.model, budget_ / 10 * 9);
  ASSERT_GT(length, 96) << "more than one patch";
  for (int request = 0; request < 2; ++request) ExpectServed(length);
  std::cout << length << "^3 voxels: " << static_cast<double>(ForetoldBytes(bundle_.model, length)) / kMebibyte << " MiB foretold, of " << static_cast<double>(budget_) / kMebibyte
            << "; the group had at most " << static_cast<double>(group_.PeakBytes()) / kMebibyte << " MiB, of " << static_cast<double>(kLimit) / kMebibyte << "\n";

  // A header that announces 100 million voxels: they themselves would find room, what becomes of them would not.
  const Answer refused = Segment(channel_, NiftiBuilder().Dim(1, 512).Dim(2, 512).Dim(3, 400).Spacing({1, 1, 1}).Bytes());
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << refused.status.error_message();
  const int64_t limit = BytesIn(refused.status, "limit_bytes");
  EXPECT_GT(limit, 0);
  EXPECT_LE(limit, budget_);
  EXPECT_GT(BytesIn(refused.status, "needed_bytes"), limit);
  EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(refused.status)) << "waiting does not help";

  ExpectServed(96);
  server_->Signal(SIGTERM);
  EXPECT_EQ(server_->WaitForEnd(), 0) << server_->Errors();
}

}  // namespace
}  // namespace tuckerseg
