/// Directories that a file in them makes what they are: a bundle, a variant.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tuckerseg {

/// Those under `parent` that hold a regular file of the name `mark`, or may hold one for all that can be told now (SaysNothingOfTheFile): what is not seen then has not gone. Sorted by
/// name; without unfinished ones. None where there is no `parent`.
/// Errors, which begin with `what`: kFailedPrecondition for a parent that cannot be read; kUnavailable where it may be another time.
std::vector<std::filesystem::path> MarkedDirectories(const std::filesystem::path& parent, const char* mark, const std::string& what);

}  // namespace tuckerseg
