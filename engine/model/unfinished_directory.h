/// A directory that is written beside its place and renamed, so that nobody sees half of it.
#pragma once

#include <filesystem>
#include <string>

namespace tuckerseg {

/// `what` names the directory in the message ("bundle"). Errors: kFailedPrecondition if `wanted` exists and is not an empty directory.
void CheckNewOrEmpty(const std::filesystem::path& wanted, const std::string& what);

/// Deleted again unless it is put in place.
class UnfinishedDirectory {
 public:
  /// Errors: as CheckNewOrEmpty; kInternal if the directory cannot be made.
  UnfinishedDirectory(std::filesystem::path wanted, const std::string& what);
  ~UnfinishedDirectory();
  UnfinishedDirectory(const UnfinishedDirectory&) = delete;
  UnfinishedDirectory& operator=(const UnfinishedDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Errors: kInternal if it cannot be renamed.
  void PutInPlace();

  /// What a crash left behind: neither bundle nor variant.
  static bool IsUnfinished(const std::filesystem::path& path);

 private:
  std::string what_;
  std::filesystem::path wanted_;
  std::filesystem::path path_;
};

}  // namespace tuckerseg
