/// Reads a DICOM CT series (through ITK and GDCM) as a Volume; no ITK header is needed to use it.
#pragma once

#include <filesystem>

#include "engine/volume/nifti_header.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

struct DicomOptions {
  /// Read other modalities than CT as well (their values are not Hounsfield units).
  bool any_modality = false;
  /// Checked against the attributes before a pixel is decoded. `max_axis` also limits the number of images,
  /// and `max_extension_bytes` has no meaning here.
  VolumeLimits limits;
};

/// Reads the one image series below `folder_or_file`. A folder is searched with its subfolders (no links are
/// followed); a file stands for the series that it belongs to, within its own folder, or is an enhanced
/// multi-frame image. Only files with DICOM's preamble count, and of those only images: DICOMDIR, reports and
/// presentation states are passed over.
///
/// Voxel order: i along a row of the image, j along its columns, k along the normal (row x column),
/// ascending. World coordinates are turned from DICOM's LPS into RAS; voxel centres lie where the attributes
/// place them (to 1e-6 mm). `header_spacing_mm` holds the spacings rounded to float32, as a NIfTI header
/// would. Rescale slope and intercept are applied (slope = 1, intercept = 0 in the result). The type is int16
/// where every value fits, else int32; float32 where rescaling gives fractions.
///
/// Errors, naming the attribute by keyword and tag, never an identifying value or a path:
///   kNotFound          no such file or folder;
///   kInvalidArgument   no image there; several series; not CT; a localizer; colour; mixed frames of
///   reference, sizes,
///                      orientations or pixel spacings; fewer than two slices; two images at one position;
///                      gaps that differ (see series_geometry.h for the tolerances); a tilted gantry; a
///                      missing or malformed attribute;
///   kResourceExhausted larger than `options.limits`;
///   kDataLoss          a damaged file; pixels that are cut or cannot be decoded.
/// The structure of each file is checked before GDCM reads it. Its decoders of compressed pixels are not safe
/// against hostile data: read only what comes from a trusted sender, or in a process of its own. Thread-safe.
/// Turns off GDCM's and ITK's warnings on standard error for the whole process: they quote attributes.
Volume ReadDicomSeries(const std::filesystem::path& folder_or_file, const DicomOptions& options = {});

}  // namespace tuckerseg
