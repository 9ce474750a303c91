/// How much memory this process may have, and how much of it is free: its cgroups', or the machine's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/cgroup.h"

namespace tuckerseg {

struct HostMemory {
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;  ///< what can be had without swapping: pages that hold only files count as free
};

/// The least of the machine (`meminfo`: the text of /proc/meminfo) and of each group, of both figures. Nothing where the kernel says nothing. Pure.
HostMemory HostMemoryOf(const std::string& meminfo, const std::vector<CgroupMemory>& groups);

HostMemory ReadHostMemory(const CgroupPlaces& places = {});

}  // namespace tuckerseg
