/// A file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace tuckerseg {

class OutputFile {
 public:
  /// Looks at the folder at once, so that minutes of work are not lost for a wrong path.
  /// Errors: kInvalidArgument if the folder is not there or cannot be written to, or if `path` is a folder.
  explicit OutputFile(std::filesystem::path path);

  /// Writes beside the path, then renames: an old file stays as it was until the new one is complete on disk.
  /// Errors: kInternal if it cannot be written (disk full).
  void Write(std::span<const std::byte> bytes) const;

 private:
  std::filesystem::path path_;
};

}  // namespace tuckerseg
