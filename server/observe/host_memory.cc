#include "server/observe/host_memory.h"

#include <algorithm>

#include "engine/kernel_numbers.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

constexpr int64_t kKibibyte = 1024;

}  // namespace

HostMemory HostMemoryOf(const std::string& meminfo, const std::vector<CgroupMemory>& groups) {
  HostMemory memory{kKibibyte * NumberBehind("MemTotal:", meminfo), kKibibyte * NumberBehind("MemAvailable:", meminfo)};
  for (const CgroupMemory& group : groups) {
    memory.total_bytes = std::min(memory.total_bytes, group.limit_bytes);
    memory.free_bytes = std::clamp<int64_t>(group.limit_bytes - group.held_bytes, 0, memory.free_bytes);
  }
  return memory;
}

HostMemory ReadHostMemory(const CgroupPlaces& places) { return HostMemoryOf(ReadWholeFile("/proc/meminfo").value_or(""), CgroupMemories(places)); }

}  // namespace tuckerseg
