/// How much memory this process may have.
#pragma once

#include <cstdint>

#include "engine/cgroup.h"

namespace tuckerseg {

/// Bytes: the machine's memory, or the least limit of the process's cgroup and of those above it where that is less.
int64_t AvailableMemory(const CgroupPlaces& places = {});

}  // namespace tuckerseg
