/// Waits until a device has done what it was asked to: on CUDA, calls return before their work is done.
#pragma once

#include <ATen/ATen.h>
#include <ATen/detail/CUDAHooksInterface.h>

namespace tuckerseg {

inline void WaitFor(const at::Device& device) {
  if (device.is_cuda()) at::detail::getCUDAHooks().deviceSynchronize(device.index());
}

}  // namespace tuckerseg
