/// Decides who a caller is and whether a call may be made.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/security/security_settings.h"
#include "server/security/token_table.h"

namespace tuckerseg {

/// What a call shows of itself and of its caller.
struct ShownCredentials {
  std::string method;                      ///< `/package.Service/Method`
  std::vector<std::string> authorization;  ///< all values of that metadata key
  std::string common_name;                 ///< of the client's certificate, which the handshake has verified; empty: it showed none
};

/// Immutable, so thread-safe.
class Access {
 public:
  /// Anyone may do anything: no tokens and no roles for certificates.
  Access() = default;
  /// Errors: kInvalidArgument if a token and a certificate have one name: they would share what belongs to a client.
  Access(const std::vector<CertificateRoles>& certificates, TokenTable tokens);

  /// Whether a caller must show who it is.
  bool required() const { return !tokens_.empty() || !certificates_.empty(); }

  /// OK; UNAUTHENTICATED without credentials, or with a token that is nobody's; PERMISSION_DENIED where the client lacks the call's role;
  /// UNIMPLEMENTED for calls that no role allows. The message says what is needed, in ASCII, and shows nothing that the caller has sent.
  /// A token goes before a certificate.
  grpc::Status Judge(const ShownCredentials& shown) const;

  /// Who makes the call that a handler serves: the token's name, else the certificate's common name, else `anonymous`. Clients of different
  /// identity must not see one another's work.
  std::string IdentityOf(const grpc::ServerContext& context) const;

 private:
  struct Caller {
    std::string identity;
    std::set<Role> roles;
  };
  /// Where no token is known, one that is sent all the same says nothing of its sender.
  bool TokenShown(const ShownCredentials& shown) const;
  /// Nothing if it shows nothing, or a token that is nobody's.
  std::optional<Caller> CallerOf(const ShownCredentials& shown) const;
  std::string NeededCredentials() const;

  std::map<std::string, std::set<Role>> certificates_;  // by common name
  TokenTable tokens_;
};

}  // namespace tuckerseg
