#include "engine/model/marked_directories.h"

#include <algorithm>
#include <system_error>

#include "engine/error.h"
#include "engine/model/file_failure.h"
#include "engine/model/unfinished_directory.h"

namespace tuckerseg {
namespace {

bool MayPass(const std::error_code& error) { return SaysNothingOfTheFile(error.value()); }

}  // namespace

std::vector<std::filesystem::path> MarkedDirectories(const std::filesystem::path& parent, const char* mark, const std::string& what) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(parent, error), end; !error && it != end; it.increment(error)) {
    if (UnfinishedDirectory::IsUnfinished(it->path())) continue;
    std::error_code unknown;
    if (std::filesystem::is_regular_file(it->path() / mark, unknown) || MayPass(unknown)) found.push_back(it->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(MayPass(error) ? ErrorCode::kUnavailable : ErrorCode::kFailedPrecondition, what + ": the directory cannot be read: " + error.message());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace tuckerseg
