#include "engine/freed_memory.h"

#include <malloc.h>

#include <limits>

namespace tuckerseg {

void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

void KeepFreedMemoryOfAllThreads() {
  KeepFreedMemory();
  mallopt(M_ARENA_MAX, 1);
}

}  // namespace tuckerseg
