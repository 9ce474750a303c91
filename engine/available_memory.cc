#include "engine/available_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace tuckerseg {

int64_t AvailableMemory() {
  const int64_t machine = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  std::ifstream file("/sys/fs/cgroup/memory.max");
  int64_t limit = 0;
  return file >> limit ? std::min(limit, machine) : machine;  // "max" is no number
}

}  // namespace tuckerseg
