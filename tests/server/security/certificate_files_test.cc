#include "server/security/certificate_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/security/certificate_authority.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class CertificateFilesTest : public testing::Test {
 protected:
  CertificateFilesTest() {
    Write("certificate.pem", first_.certificate);
    Write("key.pem", first_.key);
    Write("ca.pem", authority_.certificate());
  }
  void Write(const std::string& name, const std::string& text) const { folder_.Write(name, text); }
  TlsSettings Settings() const {
    return {.certificate = folder_.path() / "certificate.pem", .key = folder_.path() / "key.pem", .client_ca = folder_.path() / "ca.pem"};
  }

  const TemporaryDirectory folder_;
  const CertificateAuthority authority_;
  const IssuedCertificate first_ = authority_.Issue({.common_name = "first", .expiry_s = 1900000000});
  const IssuedCertificate second_ = authority_.Issue({.common_name = "the second", .expiry_s = 1950000000});
};

TEST_F(CertificateFilesTest, GivesTheSameUntilAFileChanges) {
  CertificateFiles files(Settings());
  const auto loaded = files.Current();
  EXPECT_EQ(loaded->pem.certificate, first_.certificate);
  EXPECT_EQ(loaded->pem.key, first_.key);
  EXPECT_EQ(loaded->pem.client_ca, authority_.certificate());
  EXPECT_EQ(loaded->expiry_s, 1900000000);
  EXPECT_EQ(files.Current(), loaded) << "the same object: nothing was read";
}

TEST_F(CertificateFilesTest, KeepsThePairUntilTheNewOneIsComplete) {
  CertificateFiles files(Settings());
  const auto loaded = files.Current();
  testing::internal::CaptureStdout();
  Write("certificate.pem", second_.certificate.substr(0, 200));
  EXPECT_EQ(files.Current(), loaded) << "half a certificate";
  Write("certificate.pem", second_.certificate);
  EXPECT_EQ(files.Current(), loaded) << "the key is still the old one's";
  std::filesystem::remove(folder_.path() / "key.pem");
  EXPECT_EQ(files.Current(), loaded) << "no key";
  EXPECT_EQ(files.Current(), loaded) << "no key, again";
  Write("key.pem", second_.key);
  EXPECT_EQ(files.Current()->pem.certificate, second_.certificate);
  EXPECT_EQ(files.Current()->pem.key, second_.key);
  EXPECT_EQ(files.Current()->expiry_s, 1950000000);

  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_THAT(log, HasSubstr("certificate_kept"));
  EXPECT_THAT(log, HasSubstr("tls.key: is not the key of tls.certificate"));
  EXPECT_THAT(log, HasSubstr("certificate_renewed"));
  EXPECT_THAT(log, testing::Not(HasSubstr(folder_.path().string()))) << "no file names";
  size_t kept = 0;
  for (size_t at = log.find("certificate_kept"); at != std::string::npos; at = log.find("certificate_kept", at + 1)) ++kept;
  EXPECT_EQ(kept, 3U) << "one line for each change: half, mismatched, missing";
}

TEST_F(CertificateFilesTest, SeesAFileThatTakesAnothersPlace) {
  // As certbot and Kubernetes do: a link is turned, a file renamed.
  CertificateFiles files(Settings());
  Write("new-key.pem", second_.key);
  Write("new-certificate.pem", second_.certificate);
  std::filesystem::rename(folder_.path() / "new-key.pem", folder_.path() / "key.pem");
  std::filesystem::rename(folder_.path() / "new-certificate.pem", folder_.path() / "certificate.pem");
  EXPECT_EQ(files.Current()->pem.certificate, second_.certificate);
}

TEST_F(CertificateFilesTest, SeesNewAuthoritiesOfClients) {
  CertificateFiles files(Settings());
  const CertificateAuthority other("another authority");
  testing::internal::CaptureStdout();
  Write("ca.pem", authority_.certificate() + other.certificate());
  EXPECT_EQ(files.Current()->pem.client_ca, authority_.certificate() + other.certificate());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("certificate_renewed")) << "whoever takes an authority away waits for the line";
  const auto loaded = files.Current();
  Write("ca.pem", "");
  EXPECT_EQ(files.Current(), loaded) << "an empty file must not let everybody in";
}

TEST_F(CertificateFilesTest, RefusesToStartWithFilesThatCannotBeUsed) {
  const auto expect_refusal = [&](const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { CertificateFiles{Settings()}; });
  };
  Write("ca.pem", "");
  expect_refusal("tls.client_ca: is empty; must be a PEM file of certificates");
  Write("ca.pem", authority_.certificate());
  Write("key.pem", second_.key);
  expect_refusal("tls.key: is not the key of tls.certificate");
  std::filesystem::remove(folder_.path() / "key.pem");
  expect_refusal("tls.key: cannot be read; must be a PEM file");
  Write("certificate.pem", std::string("\0", 1) + first_.certificate);
  expect_refusal("tls.certificate: holds a zero byte");
}

}  // namespace
}  // namespace tuckerseg
