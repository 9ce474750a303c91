#include "engine/execute/torch/cuda_library.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

#include <filesystem>

namespace tuckerseg {
namespace {

std::filesystem::path LibTorchFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::globalContext), &info) == 0 || info.dli_fname == nullptr) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

int LoadAndCount() {
  // Without a driver the CUDA library would load (0.5 GB) for nothing.
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return 0;
  const std::filesystem::path folder = LibTorchFolder();
  if (dlopen((folder / "libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) return 0;
  try {
    return static_cast<int>(at::detail::getCUDAHooks().deviceCount());
  } catch (const std::exception&) {
    return 0;  // a driver too old for this LibTorch: the CPU serves
  }
}

}  // namespace

int CudaDeviceCount() {
  static const int count = LoadAndCount();
  return count;
}

}  // namespace tuckerseg
