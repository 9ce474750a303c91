/// Turns the geometry fields of a NIfTI header into one affine, and refuses what is dubious.
#pragma once

#include "engine/volume/nifti_fields.h"
#include "engine/volume/nifti_header.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// Reads pixdim, qform, sform and xyzt_units for a volume of `shape`, as nibabel does: sform if its code is above 0, else
/// qform, else the voxel grid centred on the origin with x to the left.
/// Errors: kInvalidArgument that names the field, its value and what would be right (see GeometryPolicy for what is refused
/// by default only).
Geometry ReadNiftiGeometry(const NiftiFields& fields, const NiftiLayout& layout, const Index3& shape,
                           const VolumeLimits& limits, GeometryPolicy policy);

}  // namespace tuckerseg
