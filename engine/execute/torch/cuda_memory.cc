#include "engine/execute/torch/cuda_memory.h"

#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <exception>

namespace tuckerseg {

std::optional<CudaMemory> CudaMemoryOf(const std::string& device) {
  try {
    const at::Device where(device);
    if (!where.is_cuda()) return std::nullopt;
    const auto [free_bytes, total_bytes] = c10::getDeviceAllocator(c10::DeviceType::CUDA)->getMemoryInfo(where.index());
    return CudaMemory{static_cast<int64_t>(total_bytes), static_cast<int64_t>(free_bytes)};
  } catch (const std::exception&) {
    return std::nullopt;  // a page without one number is better than none
  }
}

}  // namespace tuckerseg
