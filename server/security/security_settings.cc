#include "server/security/security_settings.h"

#include "engine/error.h"
#include "server/address.h"
#include "server/config_keys.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMostRequests = 1'000'000;
constexpr int64_t kMostBytes = int64_t{1} << 50;
/// One chunk of the largest size must pass, or nothing ever would.
constexpr int64_t kLeastBytes = int64_t{1} << 20;

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kInvalidArgument, message); }

Role ReadRole(const JsonField& name) {
  for (const Role role : {Role::kSegment, Role::kManage, Role::kObserve}) {
    if (name.json().is_string() && name.Text() == NameOf(role)) return role;
  }
  Refuse(name.path() + ": must be segment, manage or observe");
}

std::vector<CertificateRoles> ReadCertificates(const JsonField& list) {
  std::vector<CertificateRoles> certificates;
  std::set<std::string> names;
  for (size_t i = 0; i < list.Size(); ++i) {
    const JsonField entry = list.At(i);
    CertificateRoles read;
    ReadKeys(entry, {{"common_name", [&](const JsonField& f) { read.common_name = f.Text(); }},
                     {"roles", [&](const JsonField& f) { read.roles = ReadRoles(f); }}});
    if (read.common_name.empty()) Refuse(entry.path() + ".common_name: missing; must be that of a client's certificate");
    if (read.common_name == kAnonymous) entry.At("common_name").Refuse("must be another name");
    if (read.roles.empty()) Refuse(entry.path() + ".roles: missing; must be a list of segment, manage, observe");
    if (!names.insert(read.common_name).second) entry.At("common_name").Refuse("must be there once");
    certificates.push_back(std::move(read));
  }
  // An empty list would let everybody in.
  if (certificates.empty()) list.Refuse("must hold at least one; leave it out if certificates have no roles");
  return certificates;
}

bool IsLoopback(const std::string& host) {
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;  // 127.example.org is elsewhere
  return host == "localhost" || host == "::1" || (numeric && host.starts_with("127."));
}

}  // namespace

void ReadTls(const JsonField& object, TlsSettings& settings) {
  ReadKeys(object, {{"certificate", [&](const JsonField& f) { settings.certificate = f.Text(); }},
                    {"key", [&](const JsonField& f) { settings.key = f.Text(); }},
                    {"client_ca", [&](const JsonField& f) { settings.client_ca = f.Text(); }}});
}

void ReadAuth(const JsonField& object, AuthSettings& settings) {
  ReadKeys(object, {{"tokens_file", [&](const JsonField& f) { settings.tokens_file = f.Text(); }},
                    {"certificates", [&](const JsonField& f) { settings.certificates = ReadCertificates(f); }},
                    {"allow_plaintext_tokens", [&](const JsonField& f) { settings.allow_plaintext_tokens = f.Boolean(); }}});
}

void ReadLimits(const JsonField& object, LimitSettings& settings) {
  ReadKeys(object, {{"requests_per_minute", [&](const JsonField& f) { settings.requests_per_minute = f.Integer(0, kMostRequests); }},
                    {"bytes_per_minute", [&](const JsonField& f) {
                       settings.bytes_per_minute = f.Integer(0, kMostBytes);
                       if (settings.bytes_per_minute != 0 && settings.bytes_per_minute < kLeastBytes) {
                         f.Refuse("must be 0 (no limit) or at least " + std::to_string(kLeastBytes));
                       }
                     }}});
}

std::set<Role> ReadRoles(const JsonField& list) {
  if (!list.json().is_array() || list.json().empty()) Refuse(list.path() + ": must be a list of segment, manage, observe");
  std::set<Role> roles;
  for (size_t i = 0; i < list.Size(); ++i) roles.insert(ReadRole(list.At(i)));
  return roles;
}

void CheckSecurity(const TlsSettings& tls, const AuthSettings& auth, const std::string& listen) {
  if (tls.certificate.empty() && !tls.key.empty()) Refuse("tls.certificate: missing; must be given with tls.key");
  if (tls.key.empty() && !tls.certificate.empty()) Refuse("tls.key: missing; must be given with tls.certificate");
  if (!tls.client_ca.empty() && !tls.enabled()) Refuse("tls.certificate: missing; must be given with tls.client_ca");
  if (!auth.certificates.empty() && tls.client_ca.empty()) {
    Refuse("tls.client_ca: missing; must be given with auth.certificates, or no client shows one");
  }
  const bool in_the_clear = !tls.enabled() && !IsLoopback(ParseAddress("listen", listen).host);
  if (!auth.tokens_file.empty() && in_the_clear && !auth.allow_plaintext_tokens) {
    Refuse("auth.tokens_file: tokens would travel in the clear to listen = " + listen +
           ": must have tls.certificate, a loopback address, or auth.allow_plaintext_tokens where something else encrypts");
  }
}

}  // namespace tuckerseg
