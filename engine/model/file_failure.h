/// Whether a file that could not be had may be had another time.
#pragma once

#include <filesystem>

#include "engine/error.h"

namespace tuckerseg {

/// Whether `error_number`, an errno of looking at a file or a directory, leaves open what it is, and that it is there.
bool SaysNothingOfTheFile(int error_number);

/// Of `error_number`, an errno of opening, reading or looking at a file: kUnavailable where it says nothing of the file, as there were no descriptors or no memory, or a share did not answer;
/// kNotFound where the file is not there, or must not be read, or its disk is broken: what fails each time must not be tried for each request.
ErrorCode CodeOfFileFailure(int error_number);

/// The same of a file that ReadWholeFile() gave nothing of: kUnavailable, too, where it can be read by now, to its end.
ErrorCode CodeOfUnreadFile(const std::filesystem::path& path);

}  // namespace tuckerseg
