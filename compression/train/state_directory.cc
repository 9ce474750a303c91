#include "compression/train/state_directory.h"

#include "engine/error.h"

namespace tuckerseg {

namespace fs = std::filesystem;

fs::path WholePath(const fs::path& path) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

fs::path StateDirectory(const fs::path& output, const fs::path& chosen, const std::string& ending, const std::string& option) {
  const fs::path whole = WholePath(output);
  if (chosen.empty()) return whole.string() + ending;
  const fs::path state = WholePath(chosen);
  if (*state.lexically_relative(whole).begin() != "..") {
    throw Error(ErrorCode::kInvalidArgument, option + ": lies in what is written at the end: must lie outside");
  }
  return state;
}

}  // namespace tuckerseg
