/// How work ends that nobody waits for any more.
#pragma once

#include <stop_token>

#include "engine/error.h"

namespace tuckerseg {

/// Errors: kCancelled once `stop` has been asked for.
inline void ThrowIfStopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "cancelled");
}

}  // namespace tuckerseg
