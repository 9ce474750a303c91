/// A CT volume and a label map in memory, with the geometry that places their voxels in the patient.
///
/// Axis order: i, j, k are the axes of the file, i fastest in memory, so a C array of the voxels is [k][j][i]
/// (what nnU-Net calls z, y, x). World coordinates are NIfTI's RAS+ in millimetres.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/huge_pages.h"

namespace tuckerseg {

/// One number for each of three axes; which axes, the name says. In this room: i, j, k.
using Index3 = std::array<int64_t, 3>;
using Spacing3 = std::array<double, 3>;

/// Voxel indices (i, j, k) to RAS+ millimetres: world = linear * (i, j, k)^T + translation. linear[row][column].
struct Affine {
  std::array<std::array<double, 3>, 3> linear{};
  std::array<double, 3> translation{};
  bool operator==(const Affine&) const = default;
};

/// Element types a NIfTI file may hold and we read.
enum class VoxelType { kUint8, kInt8, kUint16, kInt16, kUint32, kInt32, kUint64, kInt64, kFloat32, kFloat64 };

size_t BytesPerVoxel(VoxelType type);

struct Geometry {
  Index3 shape{};                 ///< voxels along i, j, k
  Affine affine_ras;              ///< from sform, qform or neither, in that order (nibabel's rule)
  Spacing3 header_spacing_mm{};   ///< pixdim[1..3] as stored: what ITK takes for spacing
  /// Column norms of the affine rounded to float32: what TotalSegmentator (nibabel) takes for spacing.
  Spacing3 AffineSpacingMm() const;
  int64_t VoxelCount() const { return shape[0] * shape[1] * shape[2]; }
};

/// Bytes of voxels. Room for all of them can be had before they come: it takes memory as they do.
using VoxelBytes = std::vector<std::byte, HugePageAllocator<std::byte>>;

/// A CT volume: the voxels as they are stored (native byte order), so that no second copy of a volume is ever held.
/// The value of a voxel in Hounsfield units is raw * slope + intercept, in double.
struct Volume {
  Geometry geometry;
  VoxelType type = VoxelType::kInt16;
  double slope = 1.0;
  double intercept = 0.0;
  VoxelBytes voxels;  ///< VoxelCount() * BytesPerVoxel(type) bytes
};

/// A label map on the grid of a volume, i fastest. Labels above 255 make it 16 bits wide on disk, see nifti_writer.h.
struct LabelMap {
  Index3 shape{};
  std::vector<uint16_t> labels;
};

}  // namespace tuckerseg
