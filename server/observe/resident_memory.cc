#include "server/observe/resident_memory.h"

#include <unistd.h>

#include <fstream>

namespace tuckerseg {

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  file >> total >> resident;
  return file ? resident * sysconf(_SC_PAGESIZE) : 0;
}

}  // namespace tuckerseg
