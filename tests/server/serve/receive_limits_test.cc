/// What a server lets clients send it before it has looked at their calls.
#include "server/serve/receive_limits.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "grpc/health/v1/health.grpc.pb.h"
#include "server/serve/status_of.h"
#include "tests/server/security/served_securely.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/raw_connection.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(ReceiveQuota, IsAnEighthOfTheMemoryForRequestsButEnoughForManyConnections) {
  ServerConfig config;
  config.memory_limit_bytes = 16384 * kMiB;
  EXPECT_EQ(ReceiveQuota(config), 2048 * kMiB);
  config.memory_limit_bytes = 1024 * kMiB;
  EXPECT_EQ(ReceiveQuota(config), 256 * kMiB);
}

TEST(CallsOfAConnection, AreThoseThatTakeAStreamAndOthersBesideThem) {
  ServerConfig config;
  config.max_streams = 32;
  EXPECT_EQ(CallsOfAConnection(config), 160);
}

uint32_t NumberAt(std::string_view bytes, size_t begin, size_t count) {
  uint32_t number = 0;
  for (size_t i = begin; i < begin + count; ++i) number = (number << 8) | static_cast<unsigned char>(bytes[i]);
  return number;
}

/// What a server of HTTP/2 says first (RFC 9113, 6.5): numbers of settings and their values.
std::map<uint32_t, uint32_t> FirstSettings(int port) {
  constexpr size_t kHeadBytes = 9;
  const RawConnection connection(port);
  std::string received;
  while (received.size() < kHeadBytes || received.size() < kHeadBytes + NumberAt(received, 0, 3)) {
    const std::string more = connection.Receive();
    if (more.empty()) return {};
    received += more;
  }
  std::map<uint32_t, uint32_t> settings;
  for (size_t at = kHeadBytes; at < kHeadBytes + NumberAt(received, 0, 3); at += 6) settings[NumberAt(received, at, 2)] = NumberAt(received, at + 2, 4);
  return settings;
}

TEST(Connections, AreToldHowManyCallsTheyMayHaveOpen) {
  constexpr uint32_t kMaxConcurrentStreams = 3;
  ServedOptions options;
  options.config.max_streams = 2;
  ServedModel served(std::move(options));
  EXPECT_THAT(FirstSettings(served.server().port()), testing::Contains(testing::Pair(kMaxConcurrentStreams, 130U)));
}

/// Of a client that has its gRPC compress what it sends.
void Compress(grpc::ClientContext& context) { context.set_compression_algorithm(GRPC_COMPRESS_GZIP); }

void ExpectRefusedAsCompressed(const grpc::Status& status) {
  EXPECT_EQ(NameOf(status.error_code()), "UNIMPLEMENTED") << status.error_message();
  EXPECT_THAT(status.error_message(), testing::HasSubstr("'gzip' is disabled"));
}

TEST(CompressedMessages, AreRefusedToStrangersAndToThoseWhoMayCall) {
  const SecurityFiles files;
  const ServedModel served(files.Options(/*tls=*/false, /*client_certificates=*/false, {{"pacs", "token.of.pacs", R"("segment")"}}));
  const auto channel = served.NewChannel();

  grpc::ClientContext probe;
  Compress(probe);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(std::string(1 << 20, 'x'));
  grpc::health::v1::HealthCheckResponse response;
  const auto health = grpc::health::v1::Health::NewStub(channel);
  ExpectRefusedAsCompressed(health->Check(&probe, request, &response));

  grpc::ClientContext call;
  Compress(call);
  call.AddMetadata("authorization", "Bearer token.of.pacs");
  inference::ModelInferResponse labels;
  ExpectRefusedAsCompressed(inference::GRPCInferenceService::NewStub(channel)->ModelInfer(&call, RawRequest(kDhw, RandomVoxels<int16_t>()), &labels));

  grpc::ClientContext plain;
  EXPECT_TRUE(health->Check(&plain, {}, &response).ok()) << "on the same connection";
  EXPECT_TRUE(Infer(channel, RawRequest(kDhw, RandomVoxels<int16_t>()), {{"authorization", "Bearer token.of.pacs"}}).status.ok());
}

}  // namespace
}  // namespace tuckerseg
