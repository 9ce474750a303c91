/// The server's certificate, its key and the authorities of its clients, read again when their files change.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>

#include "server/security/certificate_check.h"
#include "server/security/security_settings.h"

namespace tuckerseg {

/// gRPC has a watcher of its own (grpc::experimental::FileWatcherCertificateProvider). It is not used: version 1.51 does not look whether key
/// and certificate belong together, and gives up the pair that it has before it tries the new one. Between the two writes of a renewal, and
/// for ever after a mistaken one, no client could connect.
/// Thread-safe.
class CertificateFiles {
 public:
  struct Loaded {
    CertificatePem pem;
    int64_t expiry_s = 0;  ///< of the server's certificate, since 1970
  };

  /// Errors: those of CheckCertificates; kInvalidArgument for a file that cannot be read. Messages name the setting, not the file.
  explicit CertificateFiles(TlsSettings settings);

  /// The last set that was whole and fit together. Looks at the files' times and sizes, which takes microseconds, and reads them if one has
  /// changed. Each set that is taken is told to the log, whichever file changed; what cannot be used is told once, and tried again until it can.
  std::shared_ptr<const Loaded> Current();

 private:
  /// What a file's change changes; all zero where there is none.
  struct Stamp {
    uint64_t device = 0, inode = 0;
    int64_t size = 0;
    int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 3>;

  Stamps Look() const;
  Loaded Load() const;

  const TlsSettings settings_;
  std::mutex mutex_;
  Stamps tried_{};       // the files when they were last read
  bool failed_ = false;  // and that they could not be used
  std::shared_ptr<const Loaded> loaded_;
};

}  // namespace tuckerseg
