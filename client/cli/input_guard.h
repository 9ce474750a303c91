/// Keeps what a command writes off the files that it reads.
#pragma once

#include <filesystem>
#include <string>

namespace tuckerseg {

/// `whose`: "the CT's". An input may be the only copy that its owner has. Paths may be empty, or lead to nothing.
/// Errors: kInvalidArgument, which begins with `option`, if `output` is the file `input`.
void RefuseInput(const std::string& option, const std::filesystem::path& output, const std::string& whose, const std::filesystem::path& input);

}  // namespace tuckerseg
