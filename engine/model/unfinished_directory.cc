#include "engine/model/unfinished_directory.h"

#include <unistd.h>

#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr auto kUnfinished = ".unfinished-";

}  // namespace

void CheckNewOrEmpty(const std::filesystem::path& wanted, const std::string& what) {
  std::error_code error;
  if (!std::filesystem::exists(wanted, error)) return;
  if (std::filesystem::is_directory(wanted, error) && std::filesystem::is_empty(wanted, error)) return;
  throw Error(ErrorCode::kFailedPrecondition, what + ": " + wanted.string() + " is there and no empty directory: must be a new or empty one");
}

UnfinishedDirectory::UnfinishedDirectory(std::filesystem::path wanted, const std::string& what) : what_(what), wanted_(std::move(wanted)) {
  if (!wanted_.has_filename()) wanted_ = wanted_.parent_path();  // "models/x/"
  CheckNewOrEmpty(wanted_, what_);
  std::error_code error;
  path_ = wanted_.string() + kUnfinished + std::to_string(getpid());
  std::filesystem::remove_all(path_, error);  // numbers come again, in a container at every start: what a crash left is not ours
  std::filesystem::create_directories(path_, error);
  if (error) throw Error(ErrorCode::kInternal, what_ + ": its directory cannot be made: " + error.message());
}

UnfinishedDirectory::~UnfinishedDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

void UnfinishedDirectory::PutInPlace() {
  std::error_code error;
  std::filesystem::rename(path_, wanted_, error);  // over an empty directory too
  if (error) throw Error(ErrorCode::kInternal, what_ + ": cannot be put in place: " + error.message());
  path_.clear();
}

bool UnfinishedDirectory::IsUnfinished(const std::filesystem::path& path) {
  return path.filename().string().find(kUnfinished) != std::string::npos;
}

}  // namespace tuckerseg
