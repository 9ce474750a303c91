/// The reference executor: LibTorch on the CPU or on a CUDA device, in float32, or in half of its bits.
#pragma once

#include <string>
#include <vector>

#include "engine/execute/executor.h"
#include "engine/execute/precision.h"

namespace tuckerseg {

/// Devices that can be used here: "cpu", then "cuda:0", ... where a driver and LibTorch's CUDA part are there.
std::vector<std::string> TorchDevices();

/// "LibTorch 2.15.0".
std::string TorchVersion();

/// Executors on `device`. `threads`: of the CPU, for each of these executors, whichever thread makes or runs it: executors of other factories may have
/// another number and run at the same time. Code that runs LibTorch by itself has the number of the factory that was made last.
/// On the CPU results are bit-identical from run to run with the same number of threads. On CUDA cuDNN's fastest kernels run, which it does not promise to be
/// repeatable; none was seen to differ (docs/architecture.md).
/// Below float32, convolutions and features are in that type (PyTorch's automatic mixed precision for nnU-Net), statistics of norms in
/// float32. A CPU without instructions for bfloat16 (AVX-512 BF16) computes it many times slower than float32.
/// Errors: kInvalidArgument if `device` is none of TorchDevices(), for float16 on the CPU. LibTorch's own errors become kResourceExhausted
/// (no memory) or kInternal.
ExecutorFactory TorchExecutorFactory(const std::string& device, int threads, Precision precision = Precision::kFloat32);

}  // namespace tuckerseg
