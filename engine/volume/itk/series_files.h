/// Finds the DICOM files of one image series in a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tuckerseg {

/// The files of the one image series that `folder_or_file` stands for, sorted by path. See ReadDicomSeries
/// for what counts. Errors: kNotFound if it is not there; kInvalidArgument if it holds no image or several
/// series; kDataLoss if a DICOM file is damaged; kResourceExhausted if the series has more than `max_files`
/// files.
std::vector<std::filesystem::path> FindSeries(const std::filesystem::path& folder_or_file, int64_t max_files);

}  // namespace tuckerseg
