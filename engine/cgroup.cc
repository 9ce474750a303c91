#include "engine/cgroup.h"

#include <algorithm>
#include <sstream>
#include <string>

#include "engine/kernel_numbers.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

/// The names of one version's files. Both may be there: systemd mounts version 2 without controllers beside those of version 1.
struct MemoryFileNames {
  std::string controller;  ///< of version 1, whose folder is called as the controller is; version 2 has no such folders
  std::string limit;
  std::string held;
  std::string inactive;  ///< a line of memory.stat, groups below included
};

std::string TextOf(const std::filesystem::path& path) { return ReadWholeFile(path).value_or(""); }

/// The path of the group in which the process is for a controller of version 1, or of version 2's only one, whose line names no controller. `membership`: lines `NUMBER:CONTROLLERS:PATH`.
std::string GroupOf(const std::string& membership, const std::string& controller) {
  std::istringstream lines(membership);
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::istringstream controllers(line.substr(first + 1, second - first - 1));
    std::string one;
    do {
      std::getline(controllers, one, ',');  // of version 2's line: the empty name, once
      if (one == controller) return line.substr(second + 1);
    } while (controllers);
  }
  return "/";
}

/// The folders of the group and of all above it.
std::vector<std::filesystem::path> FoldersOf(const CgroupPlaces& places, const std::string& membership, const std::string& controller) {
  std::vector<std::filesystem::path> folders{places.mount / controller};
  const std::filesystem::path below = std::filesystem::path(GroupOf(membership, controller)).relative_path();
  const bool is_outside = std::any_of(below.begin(), below.end(), [](const std::filesystem::path& name) { return name == ".."; });
  if (is_outside) return folders;
  for (const std::filesystem::path& name : below) {
    const std::filesystem::path folder = folders.back() / name;
    folders.push_back(folder);
  }
  return folders;
}

/// Of microseconds in each period: "400000 100000". Without a quota the first is `max`, or -1.
std::optional<double> ProcessorsOf(const std::string& quota_and_period) {
  std::istringstream text(quota_and_period);
  double quota_us = 0;
  double period_us = 0;
  if (!(text >> quota_us >> period_us) || quota_us <= 0 || period_us <= 0) return std::nullopt;
  return quota_us / period_us;
}

}  // namespace

std::vector<CgroupMemory> CgroupMemories(const CgroupPlaces& places) {
  const std::vector<MemoryFileNames> versions{{"", "memory.max", "memory.current", "inactive_file"},
                                              {"memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}};
  const std::string membership = TextOf(places.membership);
  std::vector<CgroupMemory> memories;
  for (const MemoryFileNames& names : versions) {
    for (const std::filesystem::path& folder : FoldersOf(places, membership, names.controller)) {
      const std::optional<int64_t> limit = NumberOf(TextOf(folder / names.limit));
      if (!limit || *limit < 0) continue;
      const int64_t held = NumberOf(TextOf(folder / names.held)).value_or(0) - NumberBehind(names.inactive, TextOf(folder / "memory.stat"));
      memories.push_back({.limit_bytes = *limit, .held_bytes = std::max<int64_t>(held, 0)});
    }
  }
  return memories;
}

std::optional<double> CgroupProcessors(const CgroupPlaces& places) {
  const std::string membership = TextOf(places.membership);
  std::optional<double> least;
  const auto take = [&least](const std::optional<double>& processors) {
    if (processors) least = std::min(least.value_or(*processors), *processors);
  };
  for (const std::filesystem::path& folder : FoldersOf(places, membership, "")) take(ProcessorsOf(TextOf(folder / "cpu.max")));
  for (const std::filesystem::path& folder : FoldersOf(places, membership, "cpu"))
    take(ProcessorsOf(TextOf(folder / "cpu.cfs_quota_us") + " " + TextOf(folder / "cpu.cfs_period_us")));
  return least;
}

}  // namespace tuckerseg
