/// A served model whose security a test chooses, with files of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/model/temporary_directory.h"
#include "tests/server/security/certificate_authority.h"
#include "tests/server/security/tokens.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {

/// The files of a server: certificate.pem and key.pem of `authority`, ca.pem (the same authority's, for clients), tokens.json.
class SecurityFiles {
 public:
  explicit SecurityFiles(int64_t expiry_s = 1893456000) {
    Replace(authority_.Issue({.common_name = "server", .expiry_s = expiry_s}));
    folder_.Write("ca.pem", authority_.certificate());
  }

  const CertificateAuthority& authority() const { return authority_; }
  std::string path(const std::string& name) const { return folder_.path() / name; }
  std::filesystem::path Write(const std::string& name, const std::string& text) const { return folder_.Write(name, text); }

  /// Another certificate with its key.
  void Replace(const IssuedCertificate& issued) const {
    folder_.Write("certificate.pem", issued.certificate);
    folder_.Write("key.pem", issued.key);
  }

  ServedOptions Options(bool tls, bool client_certificates, const std::vector<TestToken>& tokens = {}) const {
    ServedOptions options;
    if (tls) options.config.tls = {.certificate = path("certificate.pem"), .key = path("key.pem")};
    if (client_certificates) options.config.tls.client_ca = path("ca.pem");
    if (!tokens.empty()) options.config.auth.tokens_file = folder_.Write("tokens.json", TokensJson(tokens));
    return options;
  }

 private:
  const TemporaryDirectory folder_;
  const CertificateAuthority authority_;
};

/// Credentials of a client that trusts `authority`, and shows a certificate if it is given one.
inline std::shared_ptr<grpc::ChannelCredentials> TlsCredentials(const CertificateAuthority& authority, const IssuedCertificate& own = {}) {
  return grpc::SslCredentials({authority.certificate(), own.key, own.certificate});
}

}  // namespace tuckerseg
