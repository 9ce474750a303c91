#include "server/variants/disk_scan.h"

#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <system_error>

#include "engine/error.h"
#include "engine/model/bundle.h"
#include "engine/model/file_failure.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

constexpr auto kWeightsFile = "weights.safetensors";

int64_t Nanoseconds(const timespec& time) { return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec; }

/// Errors: kUnavailable where nothing can be told of it now.
FileStamp StampOf(const std::filesystem::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) {
    if (SaysNothingOfTheFile(errno)) throw Error(ErrorCode::kUnavailable, "models: a file cannot be looked at");
    return {};
  }
  return {.inode = status.st_ino, .bytes = status.st_size, .modified_ns = Nanoseconds(status.st_mtim), .changed_ns = Nanoseconds(status.st_ctim)};
}

/// `description`: the file that makes the directory a bundle or a variant.
FilesStamp StampFiles(const std::filesystem::path& directory, const char* description) {
  FilesStamp stamp;
  stamp.description = StampOf(directory / description);
  stamp.card = StampOf(directory / "card.json");
  const auto add = [&](const std::filesystem::path& place) {
    const FileStamp weights = StampOf(directory / place);
    if (weights != FileStamp{}) stamp.weights[place] = weights;
  };
  add(kWeightsFile);
  std::error_code error;
  for (std::filesystem::directory_iterator part(directory / "parts", error), end; !error && part != end; part.increment(error)) {
    add(std::filesystem::path("parts") / part->path().filename() / kWeightsFile);
  }
  if (error && error != std::errc::no_such_file_or_directory) throw std::filesystem::filesystem_error("parts", error);
  return stamp;
}

BundleStamp StampBundle(const std::filesystem::path& bundle) {
  BundleStamp unreadable{.files = {}, .variants = {}, .readable = false};
  try {
    unreadable.files.description = StampOf(bundle / "model.json");
    BundleStamp stamp{.files = StampFiles(bundle, "model.json"), .variants = {}};
    for (const std::filesystem::path& variant : FindVariants(bundle)) stamp.variants[variant] = StampFiles(variant, "variant.json");
    return stamp;
  } catch (const std::exception&) {
    return unreadable;
  }
}

/// Whether two looks say the same of a directory: the same files, or none.
bool Agree(const ModelsStamp& a, const ModelsStamp& b, const std::filesystem::path& directory) {
  const auto in_a = a.find(directory);
  const auto in_b = b.find(directory);
  if (in_a == a.end() || in_b == b.end()) return in_a == a.end() && in_b == b.end();
  return in_a->second == in_b->second;
}

}  // namespace

std::optional<ModelsStamp> StampModels(const std::filesystem::path& directory) {
  try {
    if (!std::filesystem::is_directory(directory)) return {};
    ModelsStamp models;
    for (const std::filesystem::path& bundle : FindBundles(directory)) models[bundle] = StampBundle(bundle);
    return models;
  } catch (const std::exception&) {
    return {};
  }
}

DiskChanges ChangesOnDisk(const ModelsStamp& served, const ModelsStamp& before, const ModelsStamp& now) {
  DiskChanges changes;
  for (const auto& [directory, stamp] : now) {
    const auto known = served.find(directory);
    const bool can_be_told = stamp.readable || known == served.end() || !known->second.readable;
    if (can_be_told && !Agree(served, now, directory) && Agree(before, now, directory)) changes.changed.push_back(directory);
  }
  for (const auto& [directory, stamp] : served)
    if (!now.contains(directory) && Agree(before, now, directory)) changes.gone.push_back(directory);
  return changes;
}

}  // namespace tuckerseg
