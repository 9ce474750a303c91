/// How `tuckerseg` is told to reach a server that asks for TLS and for a token.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/program.h"
#include "tests/server/security/served_securely.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ConnectionOptions : public testing::Test {
 protected:
  ConnectionOptions() {
    files_.Write("token", "abc\n");
    files_.Write("empty", "");
  }

  /// SERVER in `arguments` stands for --server, the address and --tls-ca. `environment`: `NAME=VALUE `, before the program.
  Outcome Run(std::string arguments, const std::string& environment = "") const {
    const size_t at = arguments.find("SERVER");
    if (at != std::string::npos) arguments.replace(at, 6, "--server " + server_.address() + " --tls-ca " + files_.path("ca.pem"));
    return RunProgram(environment + TUCKERSEG_CLIENT, arguments, folder_.path());
  }

  const SecurityFiles files_;
  const TemporaryDirectory folder_;
  const ServedModel server_{files_.Options(/*tls=*/true, /*client_certificates=*/false, {{"pacs", "abc", "\"segment\", \"observe\""}})};
};

TEST_F(ConnectionOptions, TakeTheTokenFromTheEnvironmentOrAFile) {
  EXPECT_EQ(Run("models SERVER", "TUCKERSEG_TOKEN=abc ").status, 0);
  EXPECT_EQ(Run("models SERVER --token-file " + files_.path("token")).status, 0);
  EXPECT_EQ(Run("models SERVER --token-file " + files_.path("token"), "TUCKERSEG_TOKEN=wrong ").status, 0) << "the file goes before";
  EXPECT_EQ(Run("levels SERVER", "TUCKERSEG_TOKEN=abc ").status, 0);
  EXPECT_THAT(Run("health SERVER", "TUCKERSEG_TOKEN=abc ").out, StartsWith("serving: "));
}

TEST_F(ConnectionOptions, SegmentOverTls) {
  const std::vector<std::byte> ct = NiftiBuilder().Shape({8, 8, 8}).Spacing({1, 1, 1}).Gzip();
  folder_.Write("ct.nii.gz", {reinterpret_cast<const char*>(ct.data()), ct.size()});
  const Outcome outcome = Run("segment ct.nii.gz -o labels.nii.gz --quiet SERVER", "TUCKERSEG_TOKEN=abc ");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(FileText(folder_.path() / "labels.nii.gz"), "");
}

TEST_F(ConnectionOptions, SayWhatIsMissing) {
  ExpectFailure(Run("models SERVER", "TUCKERSEG_TOKEN= "), 1, "authorization: missing; must be `Bearer TOKEN`");
  ExpectFailure(Run("models SERVER", "TUCKERSEG_TOKEN=wrong "), 1, "authorization: unknown token");
  ExpectFailure(Run("models --server " + server_.address(), "TUCKERSEG_TOKEN=abc "), 1, "address of a running server");
  ExpectFailure(Run("models SERVER --token-file none"), 1, "--token-file: cannot be read, or is empty");
  ExpectFailure(Run("models SERVER --token-file " + files_.path("empty")), 1, "--token-file: cannot be read, or is empty");
  ExpectFailure(Run("models SERVER", "TUCKERSEG_TOKEN='a b' "), 1, "token: holds white space");
  ExpectFailure(Run("models --tls-ca none"), 1, "tls-ca: cannot be read");
}

TEST_F(ConnectionOptions, KeepTheTokenFromWhoeverAnswersElsewhere) {
  const std::string elsewhere = "models --server ct-server.example:50051";
  ExpectFailure(Run(elsewhere, "TUCKERSEG_TOKEN=abc "), 1, "token: would travel in the clear to server = ct-server.example:50051: must have tls-ca, a loopback address, or allow-plaintext-tokens");
  ExpectFailure(Run(elsewhere + " --token-file " + files_.path("token")), 1, "token: would travel in the clear");
  EXPECT_EQ(Run("models SERVER --allow-plaintext-tokens", "TUCKERSEG_TOKEN=abc ").status, 0) << "it may be said where it is not needed";
}

TEST_F(ConnectionOptions, ReachALoopbackPastTheProxyOfTheEnvironment) {
  EXPECT_EQ(Run("models SERVER", "no_proxy= http_proxy=http://127.0.0.1:1 TUCKERSEG_TOKEN=abc ").status, 0) << "the proxy would have the token";
}

TEST_F(ConnectionOptions, BelongTogether) {
  ExpectFailure(Run("models --tls-certificate a --tls-key b"), 2, "--tls-ca");
  ExpectFailure(Run("models --tls-ca a --tls-certificate b"), 2, "--tls-key");
  ExpectFailure(Run("models --tls-ca a --tls-key b"), 2, "--tls-certificate");
  ExpectFailure(Run("models --token abc"), 2, "--token");
}

TEST_F(ConnectionOptions, AreExplained) {
  for (const char* option : {"--tls-ca", "--tls-certificate", "--tls-key", "--token-file", "TUCKERSEG_TOKEN", "--allow-plaintext-tokens"})
    EXPECT_THAT(Run("segment --help").out, HasSubstr(option));
}

}  // namespace
}  // namespace tuckerseg
