#include "engine/available_memory.h"

#include <unistd.h>

#include <algorithm>

namespace tuckerseg {

int64_t AvailableMemory(const CgroupPlaces& places) {
  int64_t bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  for (const CgroupMemory& group : CgroupMemories(places)) bytes = std::min(bytes, group.limit_bytes);
  return bytes;
}

}  // namespace tuckerseg
