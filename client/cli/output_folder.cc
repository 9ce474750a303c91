#include "client/cli/output_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <system_error>
#include <utility>

#include "client/cli/output_file.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

bool IsPlainName(const std::string& name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.');
  });
}

}  // namespace

OutputFolder::OutputFolder(std::filesystem::path path) : path_(std::filesystem::absolute(path)) {
  std::error_code none;
  std::filesystem::path there = path_;
  while (!std::filesystem::exists(there, none) && there.has_relative_path()) there = there.parent_path();
  if (!std::filesystem::is_directory(there, none) || access(there.c_str(), W_OK) != 0) {
    throw Error(ErrorCode::kInvalidArgument, "output: must be a folder that can be written to, or be made where one can be");
  }
}

void OutputFolder::Write(const std::string& name, std::span<const std::byte> bytes) const {
  if (!IsPlainName(name)) {
    throw Error(ErrorCode::kInvalidArgument, "name of a file: must be letters, digits, `_`, `-` and `.`, as the server calls it");
  }
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error) throw Error(ErrorCode::kInternal, "output: the folder cannot be made (" + error.message() + "): must be a path with room for it");
  OutputFile(path_ / name).Write(bytes);
}

}  // namespace tuckerseg
