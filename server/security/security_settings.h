/// What a server is told of TLS, of who may call it, and of how much: the keys `tls`, `auth` and `limits` of the configuration.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/model/json_fields.h"
#include "server/priority.h"
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

/// Of one client.
struct LimitSettings {
  int64_t requests_per_minute = 0;      ///< 0: no limit
  int64_t bytes_per_minute = 0;         ///< of volumes' files, as sent; 0: no limit
  double client_share = 0.5;            ///< in (0, 1]: of the places in a queue, and of streams, that it may hold at once
  int max_priority = kHighestPriority;  ///< that a request may ask for, kNormalPriority at least
};

/// What a client is called where nobody has to say who it is. No token and no certificate may have this name.
inline constexpr const char* kAnonymous = "anonymous";

/// The value of `auth.certificates`. Errors: kInvalidArgument for an empty list, for an entry without a name or a role, for a name that is there twice.
std::vector<CertificateRoles> ReadCertificateRoles(const JsonField& list);
/// The same, as it stands in the configuration.
Json CertificateRolesJson(const std::vector<CertificateRoles>& certificates);

/// A list of names of roles, at least one. The message of a refusal shows no value: files of tokens are read with it, too.
std::set<Role> ReadRoles(const JsonField& list);

// Whether settings go together. Each is pure, opens no file, and tells its first mistake by the name of the setting.

/// Errors: kInvalidArgument for a certificate without its key, a key without its certificate, and for `client_ca` without a certificate.
void CheckTls(const TlsSettings& tls);
/// Errors: kInvalidArgument for roles of certificates without `client_ca`: no client would show one.
void CheckCertificateRoles(const TlsSettings& tls, const AuthSettings& auth);
/// `listen`: HOST:PORT, looked at where there are tokens, no TLS, and no `allow_plaintext_tokens`.
/// Errors: kInvalidArgument for one that is no loopback then, as tokens would travel in the clear, and for one that is no address.
void CheckTokens(const TlsSettings& tls, const AuthSettings& auth, const std::string& listen);
/// Errors: kInvalidArgument for a `bytes_per_minute` by which a chunk of the largest size would never pass.
void CheckLimits(const LimitSettings& limits);

}  // namespace tuckerseg
