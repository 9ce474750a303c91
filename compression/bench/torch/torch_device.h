/// What a device that LibTorch runs on is called, how fast it multiplies, and how much of its memory is taken.
#pragma once

#include <memory>
#include <string>

#include "compression/bench/peak_memory.h"
#include "engine/execute/precision.h"

namespace tuckerseg {

/// The kind of `device` ("cpu", "cuda:0") with its model, so that times can be told apart: "cpu AMD EPYC 7763", "cuda NVIDIA L40S".
/// The kind alone where the system does not say.
std::string DeviceWithModel(const std::string& device);

/// Operations a second of a product of two 2048 x 2048 matrices, two for each multiply-add: the best of a few.
/// TorchExecutorFactory must have accepted the device and set the number of threads. Errors: as WithTorchErrors.
double MeasureMatrixProduct(const std::string& device, Precision precision);

/// On the CPU resident memory; on CUDA what LibTorch's allocator hands out on that device, without what it keeps for later and without the
/// driver's own. TorchExecutorFactory must have accepted the device.
std::unique_ptr<PeakMemory> PeakMemoryOf(const std::string& device);

}  // namespace tuckerseg
