#include "server/security/certificate_check.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/security/certificate_authority.h"

namespace tuckerseg {
namespace {

class CertificateCheck : public testing::Test {
 protected:
  CertificateCheck() {
    const IssuedCertificate server = authority_.Issue({.common_name = "server", .expiry_s = kExpiry});
    good_ = {server.certificate, server.key, authority_.certificate()};
  }
  static void ExpectRefusal(const CertificatePem& pem, const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { CheckCertificates(pem); });
  }

  static constexpr int64_t kExpiry = 1893456000;  // 2030-01-01
  const CertificateAuthority authority_;
  CertificatePem good_;
};

TEST_F(CertificateCheck, TellsWhenTheServersCertificateExpires) {
  EXPECT_EQ(CheckCertificates(good_), kExpiry);
  good_.client_ca.clear();
  EXPECT_EQ(CheckCertificates(good_), kExpiry);
}

TEST_F(CertificateCheck, TakesAChainWithTheServersFirst) {
  good_.certificate += authority_.certificate();
  EXPECT_EQ(CheckCertificates(good_), kExpiry);
  good_.certificate = authority_.certificate() + good_.certificate;
  ExpectRefusal(good_, "tls.key: is not the key of tls.certificate");
}

TEST_F(CertificateCheck, TakesAnExpiredOne) {
  const IssuedCertificate expired = authority_.Issue({.common_name = "server", .expiry_s = 1000000000});
  EXPECT_EQ(CheckCertificates({expired.certificate, expired.key, ""}), 1000000000);
}

TEST_F(CertificateCheck, RefusesTheKeyOfAnother) {
  good_.key = authority_.Issue({.common_name = "server"}).key;
  ExpectRefusal(good_, "tls.key: is not the key of tls.certificate; must be");
}

TEST_F(CertificateCheck, RefusesWhatIsMissingOrElsewhere) {
  ExpectRefusal({"", good_.key, ""}, "tls.certificate: holds no certificate");
  ExpectRefusal({good_.key, good_.key, ""}, "tls.certificate: holds no certificate");
  ExpectRefusal({good_.certificate, "", ""}, "tls.key: holds no private key");
  ExpectRefusal({good_.certificate, good_.certificate, ""}, "tls.key: holds no private key");
  ExpectRefusal({good_.certificate, good_.key, "words"}, "tls.client_ca: holds no certificate");
}

TEST_F(CertificateCheck, RefusesEveryFileThatIsCut) {
  // All but the last line's end is needed: what is written half must never be taken for a whole.
  for (size_t size = 0; size + 1 < good_.certificate.size(); size += 7)
    ExpectRefusal({good_.certificate.substr(0, size), good_.key, ""}, "tls.certificate: holds ");
  for (size_t size = 0; size + 1 < good_.key.size(); size += 7)
    ExpectRefusal({good_.certificate, good_.key.substr(0, size), ""}, "tls.key: holds no private key");
  const std::string chain = good_.certificate + authority_.certificate();
  for (size_t size = good_.certificate.size() + 30; size + 1 < chain.size(); size += 7)
    ExpectRefusal({chain.substr(0, size), good_.key, ""}, "tls.certificate: holds a certificate that is cut or damaged");
}

TEST_F(CertificateCheck, RefusesAnEncryptedKeyAndAsksNobodyForItsPassphrase) {
  const BioHandle reader = ReaderOf(good_.key);
  const KeyHandle key(PEM_read_bio_PrivateKey(reader.get(), nullptr, nullptr, nullptr));
  const BioHandle writer(BIO_new(BIO_s_mem()));
  char passphrase[] = "secret";
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(writer.get(), key.get(), EVP_aes_256_cbc(), passphrase, 6, nullptr, nullptr), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(writer.get(), &text);
  ExpectRefusal({good_.certificate, std::string(text, static_cast<size_t>(size)), ""}, "tls.key: holds no private key, or one that is encrypted");
}

}  // namespace
}  // namespace tuckerseg
