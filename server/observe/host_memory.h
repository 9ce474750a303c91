/// How much memory this process may have, and how much of it is free: its cgroup's, or the machine's.
#pragma once

#include <cstdint>
#include <string>

namespace tuckerseg {

/// What the kernel says; an empty text where it says nothing (no cgroup of version 2, say).
struct MemoryFiles {
  std::string meminfo;         ///< /proc/meminfo
  std::string cgroup_max;      ///< /sys/fs/cgroup/memory.max, a number or "max"
  std::string cgroup_current;  ///< memory.current
  std::string cgroup_stat;     ///< memory.stat
};

struct HostMemory {
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;  ///< what can be had without swapping: pages that hold only files count as free
};

/// The lesser of cgroup and machine, each.
HostMemory HostMemoryOf(const MemoryFiles& files);

HostMemory ReadHostMemory();

}  // namespace tuckerseg
