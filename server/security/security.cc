#include "server/security/security.h"

#include <chrono>

namespace tuckerseg {
namespace {

double SecondsNow() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

TokenTable Tokens(const AuthSettings& auth) { return auth.tokens_file.empty() ? TokenTable() : TokenTable::Read(auth.tokens_file); }

}  // namespace

Security::Security(const ServerConfig& config) : access_(config.auth.certificates, Tokens(config.auth)), limiter_(config.limits, SecondsNow) {
  if (config.tls.enabled()) certificates_.emplace(config.tls);
}

void Security::ShowExpiry(Metrics& metrics) {
  if (certificates_) metrics.SetCertificateExpiry(static_cast<double>(certificates_->Current()->expiry_s));
}

}  // namespace tuckerseg
