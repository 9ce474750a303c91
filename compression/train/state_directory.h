/// Where a training keeps its state: beside what it writes, never within.
#pragma once

#include <filesystem>
#include <string>

namespace tuckerseg {

/// `path` without a slash or a dot at its end, from the root: a name can be put behind it.
std::filesystem::path WholePath(const std::filesystem::path& path);

/// `chosen`, or where it is empty `output` + `ending`, as a whole path. `option` names it in messages.
/// Errors: kInvalidArgument if it lies in `output`, which is put in place as a whole: the state would hinder it, or be lost.
std::filesystem::path StateDirectory(const std::filesystem::path& output, const std::filesystem::path& chosen, const std::string& ending,
                                     const std::string& option);

}  // namespace tuckerseg
