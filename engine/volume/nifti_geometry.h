/// Turns the geometry fields of a NIfTI header into one affine, and refuses what is dubious.
#pragma once

#include <array>

#include "engine/volume/nifti_fields.h"
#include "engine/volume/nifti_header.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

using Matrix3 = std::array<std::array<double, 3>, 3>;

/// A rotation as a unit quaternion a + bi + cj + dk, and NIfTI's qfac: -1 reflects the third axis.
struct Quaternion {
  double a, b, c, d, qfac;
};

/// The linear part of a qform: rotation, then spacings on the columns, qfac on the third.
Matrix3 LinearOf(const Quaternion& quaternion, const Spacing3& spacing_mm);

/// Largest distance between where two affines put the same corner of a volume, in mm.
double CornerDistance(const Affine& one, const Affine& two, const Index3& shape);

/// Reads pixdim, qform, sform and xyzt_units for a volume of `shape`, as nibabel does: sform if its code is above 0, else
/// qform, else the voxel grid centred on the origin with x to the left.
/// Errors: kInvalidArgument that names the field, its value and what would be right (see GeometryPolicy for what is refused
/// by default only).
Geometry ReadNiftiGeometry(const NiftiFields& fields, const NiftiLayout& layout, const Index3& shape,
                           const VolumeLimits& limits, GeometryPolicy policy);

}  // namespace tuckerseg
