/// A file read into memory of its own: what becomes of the file later, replaced, cut or gone with its share, changes nothing of these bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace tuckerseg {

/// Not mapped: a mapped file that is cut, or whose disk fails, ends the process of whoever looks at it. The memory goes back to the system with the last who has a share of this,
/// not to the heap.
class FileBytes {
 public:
  /// `what` names the file for messages (paths stay out of them).
  /// Errors: kNotFound if it cannot be opened or read, kUnavailable where it may be another time (CodeOfFileFailure), kDataLoss where it is cut while it is read,
  /// kResourceExhausted where there is no memory for it.
  static std::shared_ptr<const FileBytes> Read(const std::filesystem::path& path, const std::string& what);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  FileBytes() = default;
  std::span<std::byte> bytes_;
};

}  // namespace tuckerseg
