#include "server/security/access.h"

#include <grpc/grpc_security_constants.h>

#include <algorithm>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// The token of `Bearer TOKEN`; the scheme's case does not matter (RFC 9110, 11.1).
std::optional<std::string_view> BearerToken(std::string_view value) {
  constexpr std::string_view kScheme = "bearer ";
  const auto same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); };
  if (value.size() <= kScheme.size() || !std::equal(kScheme.begin(), kScheme.end(), value.begin(), same)) return {};
  return value.substr(kScheme.size());
}

std::string ToString(grpc::string_ref text) { return {text.data(), text.size()}; }

}  // namespace

Access::Access(const std::vector<CertificateRoles>& certificates, TokenTable tokens) : tokens_(std::move(tokens)) {
  for (const CertificateRoles& certificate : certificates) {
    if (tokens_.HasName(certificate.common_name)) {
      throw Error(ErrorCode::kInvalidArgument, "auth.certificates: common_name = " + certificate.common_name + ": is a token's name; must be another");
    }
    certificates_[certificate.common_name] = certificate.roles;
  }
}

grpc::Status Access::Judge(const ShownCredentials& shown) const {
  if (!required() || NeedsNoRole(shown.method)) return grpc::Status::OK;
  const std::optional<Caller> caller = CallerOf(shown);
  if (!caller) {
    const char* fault = TokenShown(shown) ? "authorization: unknown token" : "authorization: missing";
    return {grpc::StatusCode::UNAUTHENTICATED, std::string(fault) + "; must be " + NeededCredentials()};
  }
  const std::optional<Role> role = RoleOf(shown.method);
  if (!role) return {grpc::StatusCode::UNIMPLEMENTED, "method: unknown; must be one that a role allows"};
  if (!caller->roles.contains(*role)) {
    return {grpc::StatusCode::PERMISSION_DENIED,
            "role: " + shown.method + " needs " + NameOf(*role) + "; this client has " + NamesOf(caller->roles)};
  }
  return grpc::Status::OK;
}

std::string Access::IdentityOf(const grpc::ServerContext& context) const {
  ShownCredentials shown;
  const auto values = context.client_metadata().equal_range("authorization");
  for (auto value = values.first; value != values.second; ++value) shown.authorization.push_back(ToString(value->second));
  if (const auto peer = context.auth_context()) {  // null inside the process
    for (const grpc::string_ref& name : peer->FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME)) shown.common_name = ToString(name);
  }
  const std::optional<Caller> caller = CallerOf(shown);
  return caller ? caller->identity : kAnonymous;
}

bool Access::TokenShown(const ShownCredentials& shown) const { return !tokens_.empty() && !shown.authorization.empty(); }

std::optional<Access::Caller> Access::CallerOf(const ShownCredentials& shown) const {
  if (TokenShown(shown)) {
    // One of several might be another's: a proxy in between may have looked at the other one.
    if (shown.authorization.size() > 1) return {};
    const std::optional<std::string_view> token = BearerToken(shown.authorization.front());
    const TokenTable::Client* client = token ? tokens_.Find(*token) : nullptr;
    if (client == nullptr) return {};
    return Caller{client->name, client->roles};
  }
  if (shown.common_name.empty()) return {};
  const auto found = certificates_.find(shown.common_name);
  return Caller{shown.common_name, found == certificates_.end() ? std::set<Role>{} : found->second};
}

std::string Access::NeededCredentials() const {
  if (tokens_.empty()) return "a client certificate";
  return certificates_.empty() ? "`Bearer TOKEN`" : "`Bearer TOKEN`, or a client certificate";
}

}  // namespace tuckerseg
