#include "server/security/certificate_files.h"

#include <sys/stat.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/error.h"
#include "engine/whole_file.h"
#include "server/observe/log.h"

namespace tuckerseg {
namespace {

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec; }

std::string ReadPem(const std::string& field, const std::string& path) {
  auto text = ReadWholeFile(path);
  if (!text) throw Error(ErrorCode::kInvalidArgument, field + ": cannot be read; must be a PEM file");
  // gRPC takes them as texts that end with a zero byte.
  if (text->find('\0') != std::string::npos) throw Error(ErrorCode::kInvalidArgument, field + ": holds a zero byte; must be a PEM file");
  return *std::move(text);
}

}  // namespace

CertificateFiles::CertificateFiles(TlsSettings settings)
    : settings_(std::move(settings)), tried_(Look()), loaded_(std::make_shared<const Loaded>(Load())) {}

std::shared_ptr<const CertificateFiles::Loaded> CertificateFiles::Current() {
  const std::lock_guard lock(mutex_);
  const Stamps stamps = Look();  // before they are read: what changes meanwhile is seen next time
  const bool changed = stamps != tried_;
  if (!changed && !failed_) return loaded_;
  tried_ = stamps;
  failed_ = true;  // until they are in use: what is thrown besides our Errors, for want of memory say, passes through
  try {
    auto loaded = std::make_shared<const Loaded>(Load());
    Log(LogLevel::kInfo, "certificate_renewed", {{"expiry", loaded->expiry_s}});
    loaded_ = std::move(loaded);
    failed_ = false;
  } catch (const Error& error) {
    if (changed) Log(LogLevel::kWarning, "certificate_kept", {{"reason", error.what()}});
  }
  return loaded_;
}

CertificateFiles::Stamps CertificateFiles::Look() const {
  const auto look = [](const std::string& path) {
    struct stat status {};
    if (path.empty() || stat(path.c_str(), &status) != 0) return Stamp{};
    return Stamp{status.st_dev, status.st_ino, status.st_size, Nanoseconds(status.st_mtim), Nanoseconds(status.st_ctim)};
  };
  return {look(settings_.certificate), look(settings_.key), look(settings_.client_ca)};
}

CertificateFiles::Loaded CertificateFiles::Load() const {
  Loaded loaded;
  loaded.pem.certificate = ReadPem("tls.certificate", settings_.certificate);
  loaded.pem.key = ReadPem("tls.key", settings_.key);
  if (!settings_.client_ca.empty()) {
    loaded.pem.client_ca = ReadPem("tls.client_ca", settings_.client_ca);
    // Empty would mean that clients need none.
    if (loaded.pem.client_ca.empty()) throw Error(ErrorCode::kInvalidArgument, "tls.client_ca: is empty; must be a PEM file of certificates");
  }
  loaded.expiry_s = CheckCertificates(loaded.pem);
  return loaded;
}

}  // namespace tuckerseg
