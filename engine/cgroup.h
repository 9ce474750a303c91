/// What control groups (cgroups) leave this process: the limits of its own group and of every one above it, as each of them holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace tuckerseg {

/// Where the kernel tells of them.
struct CgroupPlaces {
  std::filesystem::path membership = "/proc/self/cgroup";  ///< in which groups the process is
  std::filesystem::path mount = "/sys/fs/cgroup";          ///< version 2's groups, or version 1's in a folder for each controller
};

/// A group that bounds memory.
struct CgroupMemory {
  int64_t limit_bytes = 0;
  /// By all that is in the group. Without pages of files that were not used lately: the kernel takes those back before it kills. Kubernetes counts in the same way.
  int64_t held_bytes = 0;
  bool operator==(const CgroupMemory&) const = default;
};

/// Those of the process's group and the groups above it that have a limit, in no order. A group's folder is found by its path below the mount: in a namespace of its own a process is
/// told that its group is the root, and the root that it sees is its group's folder; a service of systemd, and a container without such a namespace, are told the path from the host's
/// root. What cannot be seen, and what is no number, bounds nothing. Where the group lies outside of what is mounted (`..` in its path) the mount's own root stands for it.
std::vector<CgroupMemory> CgroupMemories(const CgroupPlaces& places = {});

/// The processors' time that they allow, in processors: the least of all quotas. Nothing where there is none. Groups are found as above.
std::optional<double> CgroupProcessors(const CgroupPlaces& places = {});

}  // namespace tuckerseg
