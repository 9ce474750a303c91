/// How many threads the server may keep busy at once.
#pragma once

#include <optional>

#include "engine/cgroup.h"

namespace tuckerseg {

/// The processors' time that `quota` allows, in processors, rounded up; at least 1 and at most `processors`, which is the answer, too, where there is no quota. Pure.
int ThreadsOfQuota(std::optional<double> quota, int processors);

/// The processors that this process may run on, or as many as the least quota of its cgroups is worth where that is less: more threads would be stopped for the
/// rest of each period.
int AvailableThreads(const CgroupPlaces& places = {});

}  // namespace tuckerseg
