/// The patches that are cut from a case.
#pragma once

#include <cstdint>
#include <span>

#include "compression/train/augmentation.h"
#include "compression/train/training_case.h"

namespace tuckerseg {

/// Cuts a patch at `pose`: linear interpolation for the image, nearest neighbours for the channels; 0 outside the case, as inference
/// pads. `image` and `channels`: C order, `patch` voxels.
void CutPatch(const TrainingCase& source, const PatchPose& pose, const Size3& patch, std::span<float> image, std::span<int64_t> channels);

}  // namespace tuckerseg
