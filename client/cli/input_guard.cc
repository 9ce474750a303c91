#include "client/cli/input_guard.h"

#include <system_error>

#include "engine/error.h"

namespace tuckerseg {

void RefuseInput(const std::string& option, const std::filesystem::path& output, const std::string& whose, const std::filesystem::path& input) {
  std::error_code absent;
  if (output.empty() || !std::filesystem::equivalent(output, input, absent)) return;
  throw Error(ErrorCode::kInvalidArgument, option + ": is " + whose + " own file, which would be lost: must be another one");
}

}  // namespace tuckerseg
