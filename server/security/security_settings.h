/// What a server is told of TLS, of who may call it, and of how much: the keys `tls`, `auth` and `limits` of the configuration.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/model/json_fields.h"
#include "server/security/role.h"

namespace tuckerseg {

/// Paths of PEM files.
struct TlsSettings {
  std::string certificate;  ///< the server's, first, and those between it and its authority; empty: no TLS
  std::string key;          ///< its private key, not encrypted
  std::string client_ca;    ///< authorities, one of which must have signed a client's certificate; empty: clients need none

  bool enabled() const { return !certificate.empty(); }
};

/// What the holder of a certificate may do.
struct CertificateRoles {
  std::string common_name;
  std::set<Role> roles;
};

struct AuthSettings {
  std::string tokens_file;  ///< JSON, see token_table.h; empty: no tokens
  std::vector<CertificateRoles> certificates;
  bool allow_plaintext_tokens = false;  ///< tokens may travel without TLS beyond this machine

  /// Whether a caller must show who it is.
  bool required() const { return !tokens_file.empty() || !certificates.empty(); }
};

/// Of one client; 0: no limit.
struct LimitSettings {
  int64_t requests_per_minute = 0;
  int64_t bytes_per_minute = 0;  ///< of volumes' files, as sent
};

/// What a client is called where nobody has to say who it is. No token and no certificate may have this name.
inline constexpr const char* kAnonymous = "anonymous";

/// The value of `auth.certificates`. Errors: kInvalidArgument for an empty list, for an entry without a name or a role, for a name that is there twice.
std::vector<CertificateRoles> ReadCertificates(const JsonField& list);
/// The same, as it stands in the configuration.
Json CertificatesJson(const std::vector<CertificateRoles>& certificates);

/// A list of names of roles, at least one. The message of a refusal shows no value: files of tokens are read with it, too.
std::set<Role> ReadRoles(const JsonField& list);

/// Whether settings go together with one another and with the address (HOST:PORT) that is listened at. Each looks for one mistake.
/// Errors: kInvalidArgument where a part of TLS is missing,
void CheckTls(const TlsSettings& tls);
/// where certificates have roles and none is asked for,
void CheckCertificates(const TlsSettings& tls, const AuthSettings& auth);
/// where tokens would travel in the clear beyond this machine, or `listen` is no address,
void CheckTokens(const TlsSettings& tls, const AuthSettings& auth, const std::string& listen);
/// and where no chunk of a volume would ever pass.
void CheckLimits(const LimitSettings& limits);

}  // namespace tuckerseg
