/// Loads the CUDA part of LibTorch at run time, so that one binary serves machines with and without a GPU.
#pragma once

#include <string>

namespace tuckerseg {

/// Number of CUDA devices that LibTorch can use. The first call looks for NVIDIA's driver and, if it is there, loads
/// libtorch_cuda from beside libtorch_cpu; 0 where either is missing. Must come before any other use of CUDA in LibTorch,
/// which remembers its first look. Thread-safe.
int CudaDeviceCount();

/// Why there is none: no driver, a library that is missing, a driver too old. Empty where there are devices. Thread-safe.
std::string CudaAbsence();

}  // namespace tuckerseg
