/// Times of layers for budgets of latency, in programs that can run networks.
#pragma once

#include "compression/cli/decompose_command.h"

namespace tuckerseg {

/// Layers are timed once on this machine and read from the file ever after. The file is written when the last copy of the function goes, whatever
/// becomes of the ranks; that it cannot be written costs the time of measuring again, no more.
/// Errors: kInvalidArgument for a precision or a device that is not there, or a file that is no table of times.
LayerCost MeasuredLayerSeconds(const LatencyArguments& latency, int threads);

}  // namespace tuckerseg
