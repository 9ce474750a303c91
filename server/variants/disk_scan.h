/// What lies under a directory of bundles, as far as it shows without reading any file, and what has changed between two looks at it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

namespace tuckerseg {

/// A file that was written anew has another one. All 0: there is none.
struct FileStamp {
  uint64_t inode = 0;
  int64_t bytes = 0;
  int64_t modified_ns = 0;  ///< the content
  int64_t changed_ns = 0;   ///< content, name or rights
  bool operator==(const FileStamp&) const = default;
};

/// The files of a bundle, or of a variant.
struct FilesStamp {
  FileStamp description;                              ///< model.json, variant.json
  std::map<std::filesystem::path, FileStamp> weights;  ///< by their place in the directory
  FileStamp card;
  bool operator==(const FilesStamp&) const = default;
  /// Whether only the card may differ.
  bool IsSameModel(const FilesStamp& other) const { return description == other.description && weights == other.weights; }
};

struct BundleStamp {
  FilesStamp files;
  std::map<std::filesystem::path, FilesStamp> variants;  ///< by directory
  bool readable = true;  ///< false: one of its directories cannot be listed, or nothing can be told of one of its files, and what is not seen then has not gone
  bool is_whole = true;  ///< false, of what is served: something could not be read when it was described, so that it differs from every look
  bool operator==(const BundleStamp&) const = default;
};

/// By the bundles' directories.
using ModelsStamp = std::map<std::filesystem::path, BundleStamp>;

/// Every bundle that FindBundles finds with every variant that FindVariants finds. Nothing where `directory` itself cannot be read; a bundle of which that is so does
/// not keep the others from being seen.
std::optional<ModelsStamp> StampModels(const std::filesystem::path& directory);

struct DiskChanges {
  std::vector<std::filesystem::path> changed;  ///< bundles that are new, or of which anything is another
  std::vector<std::filesystem::path> gone;
  bool empty() const { return changed.empty() && gone.empty(); }
};

/// In what `now` differs from what is served, of what the look before has seen already: a directory that is being written, or replaced by another one, is let be
/// until it is still. A bundle that could be listed stays as it is while it cannot. Pure.
DiskChanges ChangesOnDisk(const ModelsStamp& served, const ModelsStamp& before, const ModelsStamp& now);

}  // namespace tuckerseg
