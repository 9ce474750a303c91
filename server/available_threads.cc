#include "server/available_threads.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>

namespace tuckerseg {

int ThreadsOfQuota(const std::string& cpu_max, int processors) {
  std::istringstream text(cpu_max);
  double quota_us = 0;
  double period_us = 0;
  if (!(text >> quota_us >> period_us) || quota_us <= 0 || period_us <= 0) return processors;  // no limit is the word `max`
  return static_cast<int>(std::clamp(std::ceil(quota_us / period_us), 1.0, static_cast<double>(processors)));
}

int AvailableThreads() {
  cpu_set_t set;
  const int processors = sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
  std::ifstream cpu_max("/sys/fs/cgroup/cpu.max");
  return ThreadsOfQuota({std::istreambuf_iterator<char>(cpu_max), {}}, processors);
}

}  // namespace tuckerseg
