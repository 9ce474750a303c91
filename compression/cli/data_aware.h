/// The data-aware method for `decompose`, in programs that can run networks.
#pragma once

#include "compression/cli/decompose_command.h"

namespace tuckerseg {

/// Reads the calibration CTs and shows progress on standard error. Errors: as DataAwareVariant and ReadVolume.
VariantFiles MakeDataAwareVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const CalibrationArguments& calibration, int64_t grid,
                                  TensorType type, int threads, bool quiet);

}  // namespace tuckerseg
