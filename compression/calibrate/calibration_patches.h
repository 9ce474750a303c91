/// Patches of calibration CTs, as a network sees them in inference.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/model/model.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

struct CalibrationPatchOptions {
  Size3 patch{};        ///< {0, 0, 0}: the part's own, of at most 96 voxels an axis
  int64_t patches = 4;  ///< of each volume at most, spread evenly over its sliding window
  int threads = 1;
};

/// Takes the way of inference (ReadImage, CropToNonzero, NetworkImage, the sliding window with half a patch's step). Each patch:
/// [1, 1, d0, d1, d2], float32, CPU.
/// Errors: kInvalidArgument for a patch that does not fit the graph, for no volume at all or one whose voxels are all alike, and what ReadImage refuses;
/// kFailedPrecondition for a network of several channels, or of a task that looks at crops around what another model finds.
std::vector<at::Tensor> CalibrationPatches(const std::vector<Volume>& volumes, const Model& model, const ModelPart& part,
                                           const CalibrationPatchOptions& options);

}  // namespace tuckerseg
