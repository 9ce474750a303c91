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

struct CudaDevices {
  int count = 0;
  std::string absence;
};

CudaDevices LoadAndCount() {
  // Without a driver the CUDA library would load (0.5 GB) for nothing.
  if (dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) == nullptr) return {0, "no NVIDIA driver"};
  const std::filesystem::path folder = LibTorchFolder();
  if (dlopen((folder / "libtorch_cuda.so").c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) return {0, dlerror()};
  try {
    const int count = static_cast<int>(at::detail::getCUDAHooks().deviceCount());
    return {count, count > 0 ? "" : "the driver has no device"};
  } catch (const std::exception& error) {
    return {0, error.what()};  // a driver too old for this LibTorch, say: the CPU serves
  }
}

const CudaDevices& Devices() {
  static const CudaDevices devices = LoadAndCount();
  return devices;
}

}  // namespace

int CudaDeviceCount() { return Devices().count; }

std::string CudaAbsence() { return Devices().absence; }

}  // namespace tuckerseg
