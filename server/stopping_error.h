/// What a client is told that calls, or waits, while the server stops.
#pragma once

#include "engine/error.h"

namespace tuckerseg {

inline Error StoppingError() { return {ErrorCode::kUnavailable, "the server is stopping: try another one"}; }

}  // namespace tuckerseg
