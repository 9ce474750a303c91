#include "client/lib/channel.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "client/lib/client.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/security/served_securely.h"
#include "tuckerseg/v1/model.grpc.pb.h"

namespace tuckerseg {
namespace {

TEST(TokenOf, IsTheTextWithoutWhiteSpaceAroundIt) {
  EXPECT_EQ(TokenOf("abc"), "abc");
  EXPECT_EQ(TokenOf(" abc\r\n"), "abc");
}

TEST(TokenOf, RefusesWhatCannotTravelAndDoesNotRepeatIt) {
  ExpectError(ErrorCode::kInvalidArgument, "token: is empty", [] { TokenOf(""); });
  ExpectError(ErrorCode::kInvalidArgument, "token: is empty", [] { TokenOf(" \n"); });
  for (const char* text : {"hunter 2", "hunter\n2", "hunter\x01", "hunt\xc3\xa9r"}) {
    ExpectError(ErrorCode::kInvalidArgument, "token: holds white space or other than visible ASCII; must be one word", [&] { TokenOf(text); });
  }
}

TEST(ShownToken, IsRefusedToAServerElsewhereWithoutTls) {
  for (const char* server : {"ct-server.example:50051", "10.0.0.7:50051", "[2001:db8::7]:50051", "ct-server.example", "::2", "0.0.0.0:50051", "localhost.example:50051", "127.example:50051",
                             "127.0.0.1.example:50051", "127.0.0.1,10.0.0.7:50051", "dns:ct-server.example:50051", "dns://10.0.0.7/localhost:50051", "[::1]@example:50051", "[::1", ""}) {
    ExpectError(ErrorCode::kInvalidArgument,
                std::string("token: would travel in the clear to server = ") + server + ": must have tls-ca, a loopback address, or allow-plaintext-tokens where something else encrypts",
                [&] { ShownToken({.server = server, .token = "abc"}); });
    EXPECT_EQ(ShownToken({.server = server}), "") << "without one there is nothing to lose";
  }
  ExpectError(ErrorCode::kInvalidArgument, "token: would travel in the clear", [] { Client(ClientOptions{.server = "ct-server.example:50051", .token = "abc"}); });
}

TEST(ShownToken, IsShownWhereNobodyElseCanReadIt) {
  for (const char* server : {"127.0.0.1:50051", "127.255.1.2:50051", "localhost:50051", "localhost", "[::1]:50051", "::1", "unix:/run/tuckerseg.sock", "unix:///run/tuckerseg.sock"}) {
    EXPECT_EQ(ShownToken({.server = server, .token = "abc\n"}), "abc") << server;
  }
  EXPECT_EQ(ShownToken({.server = "ct-server.example:50051", .tls_ca = "ca.pem", .token = "abc"}), "abc") << "TLS";
  EXPECT_EQ(ShownToken({.server = "ct-server.example:50051", .token = "abc", .allow_plaintext_tokens = true}), "abc") << "said so";
}

/// Takes no call until it has refused some.
class ServerThatComesBack final : public v1::ModelService::Service {
 public:
  grpc::Status ListModels(grpc::ServerContext*, const v1::ListModelsRequest*, v1::ListModelsResponse*) override { return Answer(); }

  /// Refuses so many from now on.
  void Refuse(int calls, grpc::StatusCode code) {
    left_ = calls;
    calls_ = 0;
    code_ = code;
  }
  int calls() const { return calls_; }

 private:
  grpc::Status Answer() {
    ++calls_;
    return left_-- > 0 ? grpc::Status(code_, "starting") : grpc::Status::OK;
  }

  std::atomic<int> left_ = 0;
  std::atomic<int> calls_ = 0;
  grpc::StatusCode code_ = grpc::OK;
};

class ClientOfAServerThatComesBack : public testing::Test {
 protected:
  ClientOfAServerThatComesBack() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }

  ServerThatComesBack service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

TEST_F(ClientOfAServerThatComesBack, SendsUnaryCallsAgain) {
  Client client(address_);
  service_.Refuse(3, grpc::UNAVAILABLE);
  client.ListModels();
  EXPECT_EQ(service_.calls(), 4);
}

TEST_F(ClientOfAServerThatComesBack, GivesUpBehindTheFourthAttempt) {
  Client client(address_);
  service_.Refuse(100, grpc::UNAVAILABLE);
  ExpectError(ErrorCode::kUnavailable, "starting", [&] { client.ListModels(); });
  EXPECT_EQ(service_.calls(), 4);
}

TEST_F(ClientOfAServerThatComesBack, TakesOtherRefusalsAtTheirWord) {
  Client client(address_);
  service_.Refuse(100, grpc::RESOURCE_EXHAUSTED);
  ExpectError(ErrorCode::kResourceExhausted, "starting", [&] { client.ListModels(); });
  EXPECT_EQ(service_.calls(), 1);
}

class ClientOfASecureServer : public testing::Test {
 protected:
  ClientOptions Options(const ServedModel& served) const {
    return {.server = served.address(), .tls_ca = files_.path("ca.pem")};
  }

  const SecurityFiles files_;
};

TEST_F(ClientOfASecureServer, TrustsTheAuthorityThatItWasGiven) {
  const ServedModel served(files_.Options(/*tls=*/true, /*client_certificates=*/false));
  EXPECT_EQ(Client(Options(served)).ListModels().models_size(), 1);
  EXPECT_TRUE(Client(Options(served)).IsServing(""));

  files_.Write("other.pem", CertificateAuthority("another").certificate());
  ClientOptions suspicious = Options(served);
  suspicious.tls_ca = files_.path("other.pem");
  ExpectError(ErrorCode::kUnavailable, "", [&] { Client(suspicious).ListModels(); });
  ExpectError(ErrorCode::kUnavailable, "", [&] { Client(served.address()).ListModels(); });
}

TEST_F(ClientOfASecureServer, ShowsItsCertificate) {
  const ServedModel served(files_.Options(true, /*client_certificates=*/true));
  const IssuedCertificate own = files_.authority().Issue({.common_name = "pacs", .names = ""});
  files_.Write("own.pem", own.certificate);
  files_.Write("own-key.pem", own.key);
  ClientOptions options = Options(served);
  ExpectError(ErrorCode::kUnavailable, "", [&] { Client(options).ListModels(); });
  options.tls_certificate = files_.path("own.pem");
  options.tls_key = files_.path("own-key.pem");
  EXPECT_EQ(Client(options).ListModels().models_size(), 1);
}

TEST_F(ClientOfASecureServer, ShowsItsTokenWithEveryCall) {
  const ServedModel served(files_.Options(true, false, {{"pacs", "abc", "\"segment\", \"observe\""}}));
  ClientOptions options = Options(served);
  ExpectError(ErrorCode::kFailedPrecondition, "authorization: missing", [&] { Client(options).ListModels(); });
  options.token = "abd";
  ExpectError(ErrorCode::kFailedPrecondition, "authorization: unknown token", [&] { Client(options).ListModels(); });
  options.token = "abc\n";
  Client client(options);
  EXPECT_EQ(client.ListModels().models_size(), 1);
  EXPECT_EQ(client.GetModel("tiny").model().task(), "tiny");
  EXPECT_EQ(client.ListVariants("").variants_size(), 1);
  EXPECT_EQ(client.GetServerInfo().version(), TUCKERSEG_VERSION);
  EXPECT_TRUE(client.IsServing(""));
}

TEST_F(ClientOfASecureServer, RefusesFilesThatItCannotUseAndNamesTheirOption) {
  const auto expect_refusal = [](const ClientOptions& options, const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { MakeChannel(options); });
  };
  expect_refusal({.tls_ca = files_.path("none.pem")}, "tls-ca: cannot be read, or holds no CERTIFICATE-----; must be a PEM file");
  expect_refusal({.tls_ca = files_.path("")}, "tls-ca: cannot be read");
  expect_refusal({.tls_ca = files_.path("key.pem")}, "tls-ca: cannot be read, or holds no CERTIFICATE-----");
  expect_refusal({.tls_ca = files_.path("ca.pem"), .tls_certificate = files_.path("key.pem"), .tls_key = files_.path("key.pem")}, "tls-certificate: ");
  expect_refusal({.tls_ca = files_.path("ca.pem"), .tls_certificate = files_.path("ca.pem"), .tls_key = files_.path("ca.pem")}, "tls-key: ");
  expect_refusal({.tls_ca = files_.path("ca.pem"), .tls_certificate = files_.path("ca.pem")}, "tls-certificate: must be given with tls-key");
  expect_refusal({.tls_certificate = files_.path("ca.pem"), .tls_key = files_.path("key.pem")}, "tls-ca: missing; must be given with tls-certificate");
}

}  // namespace
}  // namespace tuckerseg
