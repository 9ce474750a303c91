/// Messages far larger than any call needs, from clients that have shown nothing of themselves: gRPC holds no more of them than it may, and those that may call are served.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/running_server.h"
#include "tests/fault/sanitized.h"
#include "tests/server/security/raw_call.h"
#include "tests/server/security/tokens.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
/// By `memory_limit_bytes` below; messages of ModelInfer may have 193 MiB.
constexpr int64_t kQuota = 256 * kMiB;
constexpr int64_t kMessageBytes = 512 * kMiB;
constexpr int64_t kUnknownBytes = 128 * kMiB;

/// With a connection of its own, over which answers of any size come.
std::shared_ptr<grpc::Channel> NewChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

/// `content` again and again. Of one piece, which this process holds once.
grpc::ByteBuffer MessageOf(const std::string& content, int64_t length) {
  constexpr int64_t kPieceBytes = 8 * kMiB;
  std::string text;
  while (static_cast<int64_t>(text.size()) < kPieceBytes) text += content;
  const grpc::Slice piece(text);
  const std::vector<grpc::Slice> pieces(static_cast<size_t>(length / kPieceBytes), piece);
  return {pieces.data(), pieces.size()};
}

/// What a client without credentials is told that sends such a message to a call that needs none.
grpc::Status SendMessage(const std::string& address, const std::string& method, const grpc::ByteBuffer& message) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kLimit);
  return RawUnaryCall(NewChannel(address), method, message, context);
}

/// 16 MB, four times what gRPC takes by itself; a cube of 16 mm, of one patch.
InferRequest LargeVolume() {
  constexpr int64_t kLength = 200;
  return RawRequest({kLength, kLength, kLength}, std::vector<int16_t>(static_cast<size_t>(kLength * kLength * kLength), 100), {.spacing = {0.08, 0.08, 0.08}});
}

/// A server with little memory, to which clients show tokens.
class LargeMessages : public testing::Test {
 protected:
  void SetUp() override { ASSERT_GT(server_.port(), 0); }

  std::string Settings() const {
    const std::string tokens = models_.path() / "tokens.json";
    std::ofstream(tokens) << TokensJson({{"pacs", "token.of.pacs", R"("segment")"}});
    return R"({"memory_limit_bytes": 1073741824, "auth": {"tokens_file": ")" + tokens + R"("}})";
  }
  /// More than at the start, at most.
  int64_t Taken() { return server_.process().PeakResidentBytes() - before_; }

  const ModelFolder models_;
  RunningServer server_{models_.Arguments(Settings())};
  const int64_t before_ = server_.process().PeakResidentBytes();
};

TEST_F(LargeMessages, OfStrangersTakeNoMoreMemoryThanTheirShareAndKeepNobodyOut) {
  {
    std::vector<std::jthread> strangers;
    for (const char* method : {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady"}) {
      strangers.emplace_back([this, method] {
        const grpc::Status status = SendMessage(server_.address(), method, MessageOf(std::string(1, '\0'), kMessageBytes));
        EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED) << method << ": " << status.error_message();
      });
    }
  }
  const int64_t taken = Taken();
  if (!kSanitized) {  // a sanitizer has memory of its own beside all that is taken, and keeps what was freed
    EXPECT_LT(taken, 2 * kQuota + 256 * kMiB) << "they have sent " << 4 * kMessageBytes / kMiB << " MiB";
  }
  const Inference answer = Infer(NewChannel(server_.address()), LargeVolume(), {{"authorization", "Bearer token.of.pacs"}});
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(server_.Stop(), 0) << server_.process().Errors();
}

TEST_F(LargeMessages, AreRefusedUnreadWhereTheyWouldBeFarLargerInMemory) {
  // Empty texts of a field that nobody knows: two bytes each here, fifty once they are read. Below all limits of bytes on the wire.
  const grpc::ByteBuffer message = MessageOf(std::string("\x7a\0", 2), kUnknownBytes);
  for (const char* method : {"/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady"}) {
    const grpc::Status status = SendMessage(server_.address(), method, message);
    EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED) << method;
    EXPECT_THAT(status.error_message(), testing::StartsWith("message: takes more than 1048576 bytes of memory")) << method;
  }
  if (!kSanitized) {
    EXPECT_LT(Taken(), 2 * kUnknownBytes);
  }
  EXPECT_EQ(server_.Stop(), 0) << server_.process().Errors();
}

}  // namespace
}  // namespace tuckerseg
