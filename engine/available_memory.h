/// How much memory this process may have.
#pragma once

#include <cstdint>

namespace tuckerseg {

/// Bytes: the cgroup's limit, else the machine's memory.
int64_t AvailableMemory();

}  // namespace tuckerseg
