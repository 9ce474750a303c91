/// How many threads the server may keep busy at once.
#pragma once

#include <string>

namespace tuckerseg {

/// The processors' time that a cgroup's cpu.max ("400000 100000", microseconds of each period) allows, in processors, rounded up; at least 1 and at most
/// `processors`, which is the answer, too, where the text sets no limit. Pure; takes any text.
int ThreadsOfQuota(const std::string& cpu_max, int processors);

/// The processors that this process may run on, or as many as the quota of its cgroup is worth where that is less: more threads would be stopped for the
/// rest of each period. As for memory, the cgroup's own file is looked at, as a container sees it.
int AvailableThreads();

}  // namespace tuckerseg
