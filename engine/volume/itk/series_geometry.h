/// Where the images of a DICOM series lie in the patient, and whether they form one regular grid.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "engine/volume/volume.h"

namespace tuckerseg {

using Vector3 = std::array<double, 3>;

/// The plane of one image, in DICOM's LPS millimetres.
struct ImagePlane {
  int64_t columns = 0;          ///< Columns (0028,0011): voxels along a row
  int64_t rows = 0;             ///< Rows (0028,0010)
  Vector3 origin_lps{};         ///< ImagePositionPatient (0020,0032): centre of the first pixel
  Vector3 row_direction_lps{};  ///< ImageOrientationPatient (0020,0037), first three: where the column index
                                ///< grows
  Vector3 column_direction_lps{};  ///< its last three: where the row index grows
  double column_spacing_mm = 0;    ///< PixelSpacing (0028,0030)[1]: between neighbours in a row
  double row_spacing_mm = 0;       ///< PixelSpacing (0028,0030)[0]: between neighbours in a column
};

/// Largest difference of a direction cosine between two images of a series.
inline constexpr double kOrientationTolerance = 1e-4;
/// Largest relative difference of a pixel spacing between two images of a series.
inline constexpr double kPixelSpacingTolerance = 1e-4;
/// Largest sine of the angle between the line through the image positions and the normal of the images.
inline constexpr double kTiltTolerance = 1e-3;
/// Images nearer to one another than this, along the normal, are at one position.
inline constexpr double kSamePositionMm = 1e-3;
/// Largest difference of a gap between neighbouring images from the median gap, as a share of it: positions
/// are often written with two decimals, while one missing image doubles a gap.
inline constexpr double kGapTolerance = 0.05;
/// Largest distance of an image's position, within its plane, from the line through the first and the last
/// image, as a share of the smaller pixel spacing.
inline constexpr double kBesideTolerance = 0.05;

struct SeriesGrid {
  Geometry geometry;
  std::vector<size_t> order;  ///< order[k] is the index in `planes` of slice k
};

/// Sorts the images along their normal and joins them to one grid: column k of the affine is the mean step
/// between neighbouring positions. The result does not depend on the order of `planes`. Errors:
/// kInvalidArgument as ReadDicomSeries says; each names the attribute, the value and what would be right.
SeriesGrid GridOf(const std::vector<ImagePlane>& planes);

}  // namespace tuckerseg
