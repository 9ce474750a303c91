/// What stands in front of the voxels of a NIfTI-1 or NIfTI-2 file, checked before anything is read behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// What is done with geometry that is legal but dubious.
enum class GeometryPolicy {
  kRefuse,       ///< the default: kInvalidArgument that says the difference and the tolerance
  kPreferSform,  ///< take sform where it is set, else qform, as nibabel does; sheared directions are accepted
  kPreferQform,  ///< take qform where it is set, else sform; sheared directions are accepted
};

/// Limits that a header must keep before anything is allocated for its voxels.
struct VolumeLimits {
  int64_t max_voxels = int64_t{1} << 31;
  int64_t max_bytes = int64_t{16} << 30;  ///< decoded voxels
  int64_t max_axis = 4096;
  int64_t max_extension_bytes = int64_t{16} << 20;
  Spacing3 min_spacing_mm{0.01, 0.01, 0.01};
  Spacing3 max_spacing_mm{50, 50, 50};
};

/// What a refusal of more than `limits.max_bytes` of decoded voxels tells. A size that 64 bits cannot hold is told as the largest that they can.
ByteLimit LimitOfVoxels(int64_t voxels, VoxelType type, const VolumeLimits& limits);

/// sform and qform may move no corner of the volume further apart than this share of the smallest spacing.
inline constexpr double kFormToleranceVoxels = 0.1;
/// Largest entry of |D^T D - I| for the normalised direction matrix D.
inline constexpr double kOrthonormalTolerance = 1e-3;

struct NiftiHeader {
  int version = 1;             ///< 1 or 2
  bool big_endian = false;     ///< byte order of the file
  Geometry geometry;           ///< after the policy
  VoxelType type = VoxelType::kInt16;
  double slope = 1.0;          ///< 1 where scl_slope is 0 or not finite (nibabel: unscaled)
  double intercept = 0.0;
  int64_t vox_offset = 352;
  std::vector<std::byte> fields;      ///< the 348 or 540 bytes as they came: label maps keep them
  std::vector<std::byte> extensions;  ///< bytes from the extender to vox_offset, without the 4-byte extender; may be empty
};

/// Number of bytes that the header at the start of `begin` has (348 or 540), from its first four bytes.
/// Errors: kInvalidArgument if they are neither size in neither byte order ("sizeof_hdr = ...").
int64_t NiftiHeaderSize(std::span<const std::byte> begin);

/// Reads and checks a header. Errors: kInvalidArgument (each names field, value and the right range);
/// kResourceExhausted if what it announces passes `limits`, with a byte_limit() for max_bytes.
NiftiHeader ParseNiftiHeader(std::span<const std::byte> bytes, const VolumeLimits& limits, GeometryPolicy policy);

}  // namespace tuckerseg
