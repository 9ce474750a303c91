/// All that protects a server, made from its configuration.
#pragma once

#include <optional>

#include "server/config.h"
#include "server/observe/metrics.h"
#include "server/security/access.h"
#include "server/security/certificate_files.h"
#include "server/security/rate_limiter.h"

namespace tuckerseg {

class Security {
 public:
  /// Reads the files that the configuration names. Errors: kInvalidArgument for one that cannot be used, naming its setting.
  explicit Security(const ServerConfig& config);

  /// Null where there is no TLS.
  CertificateFiles* certificates() { return certificates_ ? &*certificates_ : nullptr; }
  const Access& access() const { return access_; }
  RateLimiter& limiter() { return limiter_; }

  /// Sets the gauge of the certificate's expiry, where there is one: for each page, as files may have changed.
  void ShowExpiry(Metrics& metrics);

 private:
  std::optional<CertificateFiles> certificates_;
  Access access_;
  RateLimiter limiter_;
};

}  // namespace tuckerseg
