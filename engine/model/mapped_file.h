/// A file mapped read-only into memory: bytes without a copy, kept open as long as somebody looks at them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace tuckerseg {

class MappedFile {
 public:
  /// Errors: kNotFound if it cannot be opened, kInternal if it cannot be mapped; kUnavailable where it may be opened another time (CodeOfFileFailure),
  /// kResourceExhausted where there is no memory for the mapping. `what` names the file for the message (paths stay out of messages).
  static std::shared_ptr<const MappedFile> Open(const std::filesystem::path& path, const std::string& what);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

}  // namespace tuckerseg
