#include "engine/execute/torch/cuda_memory.h"

#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <cstddef>
#include <exception>

namespace tuckerseg {
namespace {

/// What LibTorch keeps on the device for its next tensors. Until it has made the first one it keeps nothing, and may not be asked.
int64_t KeptBytes(c10::DeviceAllocator& allocator, c10::DeviceIndex device) {
  if (!allocator.initialized()) return 0;
  constexpr auto kAll = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const c10::CachingDeviceAllocator::DeviceStats stats = allocator.getDeviceStats(device);
  return stats.reserved_bytes[kAll].current - stats.allocated_bytes[kAll].current;
}

}  // namespace

std::optional<CudaMemory> CudaMemoryOf(const std::string& device) {
  try {
    const at::Device where(device);
    if (!where.is_cuda()) return std::nullopt;
    c10::DeviceAllocator& allocator = *c10::getDeviceAllocator(c10::DeviceType::CUDA);
    const auto [free_bytes, total_bytes] = allocator.getMemoryInfo(where.index());
    return CudaMemory{static_cast<int64_t>(total_bytes), static_cast<int64_t>(free_bytes) + KeptBytes(allocator, where.index())};
  } catch (const std::exception&) {
    return std::nullopt;  // a page without one number is better than none
  }
}

}  // namespace tuckerseg
