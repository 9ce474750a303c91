/// What a variant that a command makes is called.
#pragma once

#include <filesystem>
#include <string>

namespace tuckerseg {

/// `wanted`, or where it is empty the name of the directory `output`, whether or not a slash follows it.
/// Errors: kInvalidArgument for what can be no variant's name (IsPlainName, `original`, `auto`): before any work, not when it is saved.
std::string VariantName(const std::filesystem::path& output, const std::string& wanted);

}  // namespace tuckerseg
