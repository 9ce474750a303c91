/// Names the case in what goes wrong with it.
#pragma once

#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {

/// Runs `work`; `what` stands before the message of an Error ("case liver_7: voxels: 1 are NaN"). A stop is nobody's fault and stays as it is.
template <typename Work>
auto Naming(const std::string& what, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    throw Error(error.code(), what + ": " + error.what());
  }
}

}  // namespace tuckerseg
