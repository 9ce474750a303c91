#include "client/lib/channel.h"

#include <gtest/gtest.h>

#include "client/lib/client.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/security/served_securely.h"

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
