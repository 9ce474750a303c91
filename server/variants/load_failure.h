/// Why something of an operator's files cannot be served, as clients and the log may read it.
#pragma once

#include <string>

#include "engine/error.h"

namespace tuckerseg {

struct LoadFailure {
  ErrorCode code = ErrorCode::kFailedPrecondition;
  std::string reason;
  /// For want of memory or descriptors, or as a disk did not answer: it may do better another time, and nothing is known to be wrong with the files.
  bool is_passing() const { return code == ErrorCode::kResourceExhausted || code == ErrorCode::kUnavailable; }
};

/// Of the exception in flight: an Error's message is meant for clients, others can hold paths.
LoadFailure FailureInFlight();

}  // namespace tuckerseg
