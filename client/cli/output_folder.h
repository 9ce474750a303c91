/// A folder that files are put into, each whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace tuckerseg {

class OutputFolder {
 public:
  /// Looks at the path at once, so that minutes of work are not lost for a wrong one, and makes nothing yet.
  /// Errors: kInvalidArgument if it can be neither written to nor made, or if `path` is a file.
  explicit OutputFolder(std::filesystem::path path);

  /// Makes the folder, and those above it, where they are missing. `name` comes from a server: it must not lead out of the folder.
  /// Errors: kInvalidArgument if `name` is no plain file name (letters, digits, `_`, `-`, `.`, not first a `.`); kInternal if it
  /// cannot be written.
  void Write(const std::string& name, std::span<const std::byte> bytes) const;

 private:
  std::filesystem::path path_;
};

}  // namespace tuckerseg
