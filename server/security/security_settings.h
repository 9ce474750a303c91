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

/// Each reads one object of the configuration into its settings.
/// Errors: kInvalidArgument for unknown keys and values out of range, naming them.
void ReadTls(const JsonField& object, TlsSettings& settings);
void ReadAuth(const JsonField& object, AuthSettings& settings);
void ReadLimits(const JsonField& object, LimitSettings& settings);

/// A list of names of roles, at least one. The message of a refusal shows no value: files of tokens are read with it, too.
std::set<Role> ReadRoles(const JsonField& list);

/// Whether settings go together with one another and with the address (HOST:PORT) that is listened at.
/// Errors: kInvalidArgument where a part of TLS is missing, where certificates have roles and none is asked for, and where tokens would travel
/// in the clear beyond this machine.
void CheckSecurity(const TlsSettings& tls, const AuthSettings& auth, const std::string& listen);

}  // namespace tuckerseg
