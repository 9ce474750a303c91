/// Files that appear whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tuckerseg {

/// Writes beside the file it will be and takes its place on Commit; what is not committed leaves no trace.
class WholeFile {
 public:
  /// Errors: kInvalidArgument if the folder is not there or nothing can be written to it.
  explicit WholeFile(std::filesystem::path path);
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  /// Errors: kResourceExhausted if the bytes do not fit.
  void Write(std::span<const std::byte> bytes);
  /// Errors: as Write; kInternal if the name cannot be taken.
  void Commit();

 private:
  std::filesystem::path path_, partial_;
  std::ofstream stream_;
  bool committed_ = false;
};

/// The file's bytes; nothing where there is no regular file, or none that can be read to its end.
std::optional<std::string> ReadWholeFile(const std::filesystem::path& path);

/// Writes `text` as a WholeFile. Errors: as there.
void WriteWholeFile(const std::filesystem::path& path, std::string_view text);

}  // namespace tuckerseg
