/// Whether a file that could not be had may be had another time.
#pragma once

#include <filesystem>

#include "engine/error.h"

namespace tuckerseg {

/// Of `error_number`, an errno of opening, reading or mapping: kUnavailable where it says nothing of the file, as there were no descriptors or no memory, or a disk or a share did not answer;
/// kNotFound where the file is not there, or must not be read.
ErrorCode CodeOfFileFailure(int error_number);

/// The same of a file that ReadWholeFile() gave nothing of: what is there, and may be read, is likely to be readable another time.
ErrorCode CodeOfUnreadFile(const std::filesystem::path& path);

}  // namespace tuckerseg
