/// What a client is told whose request found no memory in the process.
#pragma once

#include "engine/error.h"

namespace tuckerseg {

inline Error NoMemoryError() { return Error(ErrorCode::kResourceExhausted, "memory: none left for this request; try again later").RetryAfter(10); }

}  // namespace tuckerseg
