/// Clients have names, those of their tokens and of their certificates, which may be people's. The server knows them from its configuration and from each call, and leaves none with those who watch it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/fault/canary_files.h"
#include "tests/fault/canary_search.h"
#include "tests/fault/running_server.h"
#include "tests/server/observe/trace_collector.h"
#include "tests/server/security/certificate_authority.h"
#include "tests/server/security/raw_call.h"
#include "tests/server/security/tokens.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

constexpr auto kInfo = "/tuckerseg.v1.ServerService/GetServerInfo";
constexpr auto kLoad = "/tuckerseg.v1.ModelService/LoadVariant";

/// A server that knows a client by its token and another by its certificate, and grants each two volumes a minute.
class ClientNames : public testing::Test {
 protected:
  ClientNames() {
    const IssuedCertificate server = authority_.Issue({.common_name = "server"});
    const std::string certificate = folder_.Write("certificate.pem", server.certificate);
    const std::string key = folder_.Write("key.pem", server.key);
    const std::string ca = folder_.Write("ca.pem", authority_.certificate());
    const std::string tokens = folder_.Write("tokens.json", TokensJson({{std::string(kCanary) + ".token", "the.token", R"("segment", "observe")"}}));
    server_.emplace(models_.Arguments(R"({"tls": {"certificate": ")" + certificate + R"(", "key": ")" + key + R"(", "client_ca": ")" + ca + R"("},
      "auth": {"tokens_file": ")" + tokens + R"(", "certificates": [{"common_name": ")" + Canary("certificate") + R"(", "roles": ["segment", "observe"]}]},
      "limits": {"requests_per_minute": 2}, "choices_file": ")" + choices_ + R"(", "traces": {"endpoint": "http://127.0.0.1:)" + std::to_string(collector_.port()) + R"(/v1/traces"}})"));
  }

  /// Of a client that trusts the server, and shows a certificate of this authority with this name.
  std::shared_ptr<grpc::Channel> ChannelOf(const std::string& common_name, const CertificateAuthority& issuer) const {
    const IssuedCertificate own = issuer.Issue({.common_name = common_name, .names = ""});
    return grpc::CreateChannel(server_->address(), grpc::SslCredentials({authority_.certificate(), own.key, own.certificate}));
  }

  /// Three volumes, of which the last is one too many.
  static void SegmentTooOften(const std::shared_ptr<grpc::Channel>& channel, const std::string& authorization) {
    for (const grpc::StatusCode code : {grpc::OK, grpc::OK, grpc::RESOURCE_EXHAUSTED}) {
      std::multimap<std::string, std::string> metadata;
      if (!authorization.empty()) metadata.emplace("authorization", authorization);
      SegmentConversation conversation(channel, std::chrono::system_clock::time_point::max(), metadata);
      if (conversation.SendHeader({})) conversation.SendFile(CanaryNifti().Bytes());
      const Answer answer = conversation.Finish();
      EXPECT_EQ(answer.status.error_code(), code) << answer.status.error_message();
    }
  }

  const CertificateAuthority authority_;
  const ModelFolder models_;
  const TemporaryDirectory folder_;
  const std::string choices_ = folder_.path() / "choices.jsonl";
  TraceCollector collector_;
  std::optional<RunningServer> server_;
};

TEST_F(ClientNames, AreLeftNowhere) {
  ASSERT_GT(server_->port(), 0);

  const auto by_certificate = ChannelOf(Canary("certificate"), authority_);
  EXPECT_TRUE(RawCall(by_certificate, kInfo).ok());
  EXPECT_EQ(RawCall(by_certificate, kLoad).error_code(), grpc::PERMISSION_DENIED);
  SegmentTooOften(by_certificate, "");

  // Its certificate is good for the connection, and has no roles.
  const auto by_token = ChannelOf(Canary("nobody"), authority_);
  EXPECT_FALSE(RawCall(by_token, kInfo).ok());
  EXPECT_EQ(RawCall(by_token, kInfo, "Bearer " + std::string(kCanary)).error_code(), grpc::UNAUTHENTICATED);
  EXPECT_TRUE(RawCall(by_token, kInfo, "Bearer the.token").ok());
  EXPECT_EQ(RawCall(by_token, kLoad, "Bearer the.token").error_code(), grpc::PERMISSION_DENIED);
  SegmentTooOften(by_token, "Bearer the.token");

  const CertificateAuthority stranger(Canary("authority"));
  EXPECT_FALSE(RawCall(ChannelOf(Canary("stranger"), stranger), kInfo).ok()) << "no handshake";

  ExpectNoCanaryOnPages(server_->metrics_port());
  const std::string log = StopAndExpectNoCanary(*server_);
  EXPECT_THAT(log, testing::HasSubstr(R"("code":"RESOURCE_EXHAUSTED")"));
  const std::string choices = FileText(choices_);
  EXPECT_NE(choices, "");
  ExpectNoCanary("records of choices", choices);
  EXPECT_GE(collector_.spans().size(), 4U);
  ExpectNoCanaryIn(collector_);
}

}  // namespace
}  // namespace tuckerseg
