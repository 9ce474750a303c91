/// Turns LibTorch's exceptions into ours where it is called.
#pragma once

#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "engine/error.h"

namespace tuckerseg {

/// Who holds the memory may have given it back by then.
constexpr double kTryAgainForMemory_s = 10;

/// Runs `call`. `what`: for which memory was asked, for messages. LibTorch's own messages can hold shapes and places, never voxels.
/// Errors: kResourceExhausted with a time to try again where the device or the process has no memory left, kInternal for whatever else LibTorch and the
/// libraries below it throw; ours pass as they are.
template <typename Call>
auto WithTorchErrors(const std::string& what, Call&& call) {
  const auto no_memory = [&what] { return Error(ErrorCode::kResourceExhausted, "no memory left for " + what).RetryAfter(kTryAgainForMemory_s); };
  const auto no_device_memory = [&what] { return Error(ErrorCode::kResourceExhausted, "the device has no memory left for " + what).RetryAfter(kTryAgainForMemory_s); };
  try {
    return call();
  } catch (const c10::OutOfMemoryError&) {
    throw no_device_memory();
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (text.find("not enough memory") != std::string::npos) throw no_memory();
    // cuBLAS, cuDNN and the driver take memory of their own, past LibTorch's allocator: CUBLAS_STATUS_ALLOC_FAILED, CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED.
    for (const char* const want : {"ALLOC_FAILED", "ALLOCATION_FAILED", "CUDA error: out of memory"})
      if (text.find(want) != std::string::npos) throw no_device_memory();
    throw Error(ErrorCode::kInternal, "LibTorch: " + text);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw no_memory();
  } catch (const std::exception& error) {  // oneDNN's own, for one
    throw Error(ErrorCode::kInternal, std::string("LibTorch: ") + error.what());
  }
}

}  // namespace tuckerseg
