/// Whether a label map lies where its CT does.
#pragma once

#include <string>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Errors: kInvalidArgument, which names the case, where the shapes differ or a corner of the grids lies more than a tenth of a voxel
/// from the other's.
void CheckSameGrid(const std::string& name, const Geometry& ct, const Geometry& labels);

}  // namespace tuckerseg
