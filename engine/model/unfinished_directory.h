/// A directory that is written beside its place and renamed, so that nobody sees half of it.
#pragma once

#include <filesystem>
#include <string>

namespace tuckerseg {

/// Deleted again unless it is put in place.
class UnfinishedDirectory {
 public:
  /// `what` names it in errors ("bundle"). Errors: as RefuseOccupied; kInternal if the directory cannot be made.
  UnfinishedDirectory(std::filesystem::path wanted, const std::string& what);
  ~UnfinishedDirectory();
  UnfinishedDirectory(const UnfinishedDirectory&) = delete;
  UnfinishedDirectory& operator=(const UnfinishedDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Errors: kInternal if it cannot be renamed.
  void PutInPlace();

  /// Errors: kFailedPrecondition if `wanted` exists and is not an empty directory. For those who work for hours before they write.
  static void RefuseOccupied(const std::filesystem::path& wanted, const std::string& what);

  /// What a crash left behind: neither bundle nor variant.
  static bool IsUnfinished(const std::filesystem::path& path);

 private:
  std::string what_;
  std::filesystem::path wanted_;
  std::filesystem::path path_;
};

}  // namespace tuckerseg
