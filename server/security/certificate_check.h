/// Whether a server can serve TLS with a certificate, its key and the authorities of its clients, before it tries.
#pragma once

#include <cstdint>
#include <string>

namespace tuckerseg {

/// Texts of PEM files.
struct CertificatePem {
  std::string certificate;  ///< the server's first, then those between it and its authority
  std::string key;
  std::string client_ca;  ///< empty: clients need no certificate
};

/// Checks what gRPC would check when it takes them, and more: it takes a chain that is cut as if it ended there.
/// Returns when the server's certificate expires, in seconds since 1970; one that has expired is no error, its clients will say so.
/// Errors: kInvalidArgument for a text without a certificate or a key, one that is cut, an encrypted key, a key of another certificate, and
/// keys and signatures that OpenSSL's security level forbids.
int64_t CheckCertificates(const CertificatePem& pem);

}  // namespace tuckerseg
