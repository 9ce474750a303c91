/// Turns LibTorch's exceptions into ours where a training calls it.
#pragma once

#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "engine/error.h"

namespace tuckerseg {

/// Runs `call`. Errors: kResourceExhausted where the device has no memory left, kInternal for whatever else LibTorch throws; ours
/// pass as they are.
template <typename Call>
auto WithTorchErrors(Call&& call) {
  try {
    return call();
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr || text.find("not enough memory") != std::string::npos) {
      throw Error(ErrorCode::kResourceExhausted, "no memory left for a training step: must be a smaller batch or patch");
    }
    throw Error(ErrorCode::kInternal, "LibTorch: " + text);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kResourceExhausted, "no memory left: must be a smaller batch, patch or data set");
  }
}

}  // namespace tuckerseg
