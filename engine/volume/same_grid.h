/// Whether label maps and masks lie where their CT does.
#pragma once

#include <string>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Errors: kInvalidArgument, which begins with `what`, in the plural ("case a: labels"), and names what it should lie on (`as`: "the image"), where the shapes
/// differ or a corner of the grids lies more than a tenth of a voxel of `expected` from the other's.
void CheckSameGrid(const std::string& what, const Geometry& found, const std::string& as, const Geometry& expected);

}  // namespace tuckerseg
