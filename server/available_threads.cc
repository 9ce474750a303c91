#include "server/available_threads.h"

#include <sched.h>

#include <algorithm>
#include <cmath>

namespace tuckerseg {

int ThreadsOfQuota(std::optional<double> quota, int processors) {
  if (!quota) return processors;
  return static_cast<int>(std::clamp(std::ceil(*quota), 1.0, static_cast<double>(processors)));
}

int AvailableThreads(const CgroupPlaces& places) {
  cpu_set_t set;
  const int processors = sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
  return ThreadsOfQuota(CgroupProcessors(places), processors);
}

}  // namespace tuckerseg
