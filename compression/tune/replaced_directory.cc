#include "compression/tune/replaced_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "engine/error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

fs::path PlaceOfLast(const fs::path& directory) { return directory.string() + ".unfinished-before"; }

void Rename(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw Error(ErrorCode::kInternal, "variant: cannot be put in place");
}

void SyncOne(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  // Some file systems cannot sync a directory (EINVAL): what they promise without is all there is.
  const bool synced = file >= 0 && (fsync(file) == 0 || errno == EINVAL);
  if (file >= 0) close(file);
  if (!synced) throw Error(ErrorCode::kInternal, "variant: cannot be put on the disk; is there room?");
}

/// Everything in `directory` is on the disk before a name leads to it: else a power failure could leave names of empty files and nothing of what was
/// there before.
void SyncTree(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) return;  // there is nothing to put in place, as the renaming will say
  for (fs::recursive_directory_iterator entry(directory, error), end; entry != end; entry.increment(error)) SyncOne(entry->path());
  if (error) throw Error(ErrorCode::kInternal, "variant: cannot be put on the disk");
  SyncOne(directory);
}

/// The names in the directory that holds `directory`, as far as that can be done: what they lead to is whole on the disk, before and after.
void SyncNames(const fs::path& directory) {
  try {
    SyncOne(fs::absolute(directory).lexically_normal().parent_path());
  } catch (const Error&) {
  }
}

}  // namespace

fs::path PlaceOfNext(const fs::path& directory) { return directory.string() + ".unfinished-after"; }

void ReplaceDirectory(const fs::path& directory) {
  const fs::path next = PlaceOfNext(directory);
  SyncTree(next);
  // Some network file systems cannot exchange names.
  if (renameat2(AT_FDCWD, next.c_str(), AT_FDCWD, directory.c_str(), RENAME_EXCHANGE) != 0) return ReplaceByTwoRenames(directory);
  SyncNames(directory);
  std::error_code ignored;
  fs::remove_all(next, ignored);
}

void ReplaceByTwoRenames(const fs::path& directory) {
  const fs::path last = PlaceOfLast(directory);
  std::error_code ignored;
  fs::remove_all(last, ignored);  // left by a crash behind the second rename
  Rename(directory, last);
  Rename(PlaceOfNext(directory), directory);
  SyncNames(directory);
  fs::remove_all(last, ignored);
}

void MendReplaced(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error) && fs::exists(PlaceOfLast(directory), error)) Rename(PlaceOfLast(directory), directory);
}

}  // namespace tuckerseg
