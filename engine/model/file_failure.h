/// Whether a file that could not be had may be had another time.
#pragma once

#include <filesystem>

#include "engine/error.h"

namespace tuckerseg {

/// Of `error_number`, an errno of opening, reading or mapping: kUnavailable where it says nothing of the file, as there were no descriptors or no memory, or a share did not answer;
/// kNotFound where the file is not there, or must not be read, or its disk is broken: what fails each time must not be tried for each request.
ErrorCode CodeOfFileFailure(int error_number);

/// The same of a file that ReadWholeFile() gave nothing of: kUnavailable, too, where it can be read by now.
ErrorCode CodeOfUnreadFile(const std::filesystem::path& path);

}  // namespace tuckerseg
