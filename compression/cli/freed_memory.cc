#include "compression/cli/freed_memory.h"

#include <malloc.h>

#include <limits>

namespace tuckerseg {

void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

}  // namespace tuckerseg
