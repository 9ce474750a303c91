/// How much memory a CUDA device has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tuckerseg {

struct CudaMemory {
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;  ///< that no process on the device uses; what this one's LibTorch keeps for its next tensors counts as free
};

/// Asks the driver. Nothing for "cpu", and where it does not answer. TorchExecutorFactory must have accepted the device. Thread-safe; waits for
/// no work of the device.
std::optional<CudaMemory> CudaMemoryOf(const std::string& device);

}  // namespace tuckerseg
