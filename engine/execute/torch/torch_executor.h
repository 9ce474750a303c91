/// The reference executor: LibTorch in float32, on the CPU or on a CUDA device.
#pragma once

#include <string>
#include <vector>

#include "engine/execute/executor.h"

namespace tuckerseg {

/// Devices that can be used here: "cpu", then "cuda:0", ... where a driver and LibTorch's CUDA part are there.
std::vector<std::string> TorchDevices();

/// "LibTorch 2.15.0".
std::string TorchVersion();

/// Executors on `device`. `threads` is LibTorch's number of threads on the CPU, which is one for the whole process.
/// Results are bit-identical from run to run on the same device and with the same number of threads.
/// Errors: kInvalidArgument if `device` is none of TorchDevices(). LibTorch's own errors become kResourceExhausted (no memory)
/// or kInternal.
ExecutorFactory TorchExecutorFactory(const std::string& device, int threads);

}  // namespace tuckerseg
