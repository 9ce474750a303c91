/// The sliding window on a device with memory of its own, which sums the patches there: what crosses the bus is finished.
#pragma once

#include <span>

#include "engine/segment/predict.h"

namespace tuckerseg {

/// As PredictLogits, with executors that sum patches (Executor::SumsPatches), in float32.
void PredictOnDevice(std::span<const float> image, const PatchGrid& grid, const PredictContext& context, Finishing finishing, const LogitsSink& sink);

}  // namespace tuckerseg
