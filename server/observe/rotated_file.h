/// A file of lines that stays within bounds: when it is full it is put aside, and takes the place of the one that was put aside before.
#pragma once

#include <cstdint>
#include <string>

namespace tuckerseg {

/// Not thread-safe.
class RotatedFile {
 public:
  /// Lines are added to what `path` holds already. Above `max_bytes` it becomes `path`.1: both together take at most twice that. What is no
  /// regular file, a pipe say, stays where it is.
  /// Errors: kInvalidArgument, naming `key`, if it cannot be opened for writing.
  RotatedFile(const std::string& key, std::string path, int64_t max_bytes);
  /// Says beforehand what the constructor would say, and makes and changes nothing. Errors: as there.
  static void Check(const std::string& key, const std::string& path);
  ~RotatedFile();
  RotatedFile(const RotatedFile&) = delete;
  RotatedFile& operator=(const RotatedFile&) = delete;

  /// Adds `line` and its end; the whole of it or nothing. False, with the reason in error(), if it could not be written: the next may be.
  bool Append(const std::string& line);
  /// Why the last line was not written: an errno.
  int error() const { return error_; }

 private:
  bool Open();
  bool PutAside();
  bool Write(const std::string& bytes);

  const std::string path_;
  const int64_t max_bytes_;
  int descriptor_ = -1;
  int64_t size_ = 0;
  bool regular_ = false;  // a pipe or a device has no size, and no other place to be put to
  int error_ = 0;
};

}  // namespace tuckerseg
