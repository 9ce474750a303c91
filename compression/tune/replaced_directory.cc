#include "compression/tune/replaced_directory.h"

#include <fcntl.h>
#include <stdio.h>

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

}  // namespace

fs::path PlaceOfNext(const fs::path& directory) { return directory.string() + ".unfinished-after"; }

void ReplaceDirectory(const fs::path& directory) {
  const fs::path next = PlaceOfNext(directory);
  // Some network file systems cannot exchange names.
  if (renameat2(AT_FDCWD, next.c_str(), AT_FDCWD, directory.c_str(), RENAME_EXCHANGE) != 0) return ReplaceByTwoRenames(directory);
  std::error_code ignored;
  fs::remove_all(next, ignored);
}

void ReplaceByTwoRenames(const fs::path& directory) {
  const fs::path last = PlaceOfLast(directory);
  std::error_code ignored;
  fs::remove_all(last, ignored);  // left by a crash behind the second rename
  Rename(directory, last);
  Rename(PlaceOfNext(directory), directory);
  fs::remove_all(last, ignored);
}

void MendReplaced(const fs::path& directory) {
  std::error_code error;
  if (!fs::exists(directory, error) && fs::exists(PlaceOfLast(directory), error)) Rename(PlaceOfLast(directory), directory);
}

}  // namespace tuckerseg
