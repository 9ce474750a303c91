#include "server/security/security_settings.h"

#include <utility>

#include "engine/error.h"
#include "server/address.h"
#include "server/known_keys.h"

namespace tuckerseg {
namespace {

/// One chunk of the largest size must pass, or nothing ever would.
constexpr int64_t kLeastBytes = int64_t{1} << 20;

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); }

Role ReadRole(const JsonField& name) {
  for (const Role role : {Role::kSegment, Role::kManage, Role::kObserve}) {
    if (name.json().is_string() && name.Text() == NameOf(role)) return role;
  }
  Refuse(name.path() + ": must be segment, manage or observe");
}

bool IsLoopback(const std::string& host) {
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;  // 127.example.org is elsewhere
  return host == "localhost" || host == "::1" || (numeric && host.starts_with("127."));
}

}  // namespace

std::set<Role> ReadRoles(const JsonField& list) {
  if (!list.json().is_array() || list.json().empty()) Refuse(list.path() + ": must be a list of segment, manage, observe");
  std::set<Role> roles;
  for (size_t i = 0; i < list.Size(); ++i) roles.insert(ReadRole(list.At(i)));
  return roles;
}

std::vector<CertificateRoles> ReadCertificateRoles(const JsonField& list) {
  std::vector<CertificateRoles> certificates;
  std::set<std::string> names;
  for (size_t i = 0; i < list.Size(); ++i) {
    const JsonField entry = list.At(i);
    CertificateRoles read;
    ReadKeys(entry, {{"common_name", [&](const JsonField& f) { read.common_name = f.Text(); }},
                     {"roles", [&](const JsonField& f) { read.roles = ReadRoles(f); }}});
    if (read.common_name.empty()) Refuse(entry.path() + ".common_name: missing; must be that of a client's certificate");
    if (read.common_name == kAnonymous) Refuse(entry.path() + ".common_name: must be another name than `anonymous`");
    if (read.roles.empty()) Refuse(entry.path() + ".roles: missing; must be a list of segment, manage, observe");
    if (!names.insert(read.common_name).second) Refuse(entry.path() + ".common_name: is there before; must be another");
    certificates.push_back(std::move(read));
  }
  // An empty list would let everybody in.
  if (certificates.empty()) list.Refuse("must hold at least one; leave it out if certificates have no roles");
  return certificates;
}

Json CertificateRolesJson(const std::vector<CertificateRoles>& certificates) {
  Json list = Json::array();
  for (const CertificateRoles& certificate : certificates) {
    Json roles = Json::array();
    for (const Role role : certificate.roles) roles.push_back(NameOf(role));
    list.push_back(Json{{"common_name", certificate.common_name}, {"roles", roles}});
  }
  return list;
}

void CheckTls(const TlsSettings& tls) {
  if (tls.certificate.empty() && !tls.key.empty()) Refuse("tls.certificate: missing; must be given with tls.key");
  if (tls.key.empty() && !tls.certificate.empty()) Refuse("tls.key: missing; must be given with tls.certificate");
  if (!tls.client_ca.empty() && !tls.enabled()) Refuse("tls.certificate: missing; must be given with tls.client_ca");
}

void CheckCertificateRoles(const TlsSettings& tls, const AuthSettings& auth) {
  if (!auth.certificates.empty() && tls.client_ca.empty()) {
    Refuse("tls.client_ca: missing; must be given with auth.certificates, or no client shows one");
  }
}

void CheckTokens(const TlsSettings& tls, const AuthSettings& auth, const std::string& listen) {
  if (auth.tokens_file.empty() || tls.enabled() || auth.allow_plaintext_tokens) return;
  if (!IsLoopback(ParseAddress("listen", listen).host)) {
    Refuse("auth.tokens_file: tokens would travel in the clear to listen = " + listen +
           ": must have tls.certificate, a loopback address, or auth.allow_plaintext_tokens where something else encrypts");
  }
}

void CheckLimits(const LimitSettings& limits) {
  if (limits.bytes_per_minute != 0 && limits.bytes_per_minute < kLeastBytes) {
    Refuse("limits.bytes_per_minute = " + std::to_string(limits.bytes_per_minute) + ": must be 0 (no limit) or at least " + std::to_string(kLeastBytes));
  }
}

}  // namespace tuckerseg
