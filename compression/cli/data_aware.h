/// The data-aware method for `decompose`, in programs that can run networks.
#pragma once

#include "compression/cli/decompose_command.h"

namespace tuckerseg {

/// Reads the calibration CTs. Errors: as DataAwareVariant and ReadVolume.
VariantFiles MakeDataAwareVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const CalibrationArguments& calibration, const RankOptions& ranks,
                                  const DecomposeSink& told);

}  // namespace tuckerseg
