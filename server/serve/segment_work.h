/// The work of one segmentation, as the call and the worker share it.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/segment/segmenter.h"
#include "engine/volume/volume.h"
#include "server/schedule/memory_budget.h"
#include "server/serve/level_admission.h"
#include "server/serve/stall_watch.h"
#include "server/variants/catalogue.h"

namespace tuckerseg {

/// What the work holds beside the volume.
struct WorkHold {
  std::vector<AdmittedLevel> possible;  ///< levels that may run, the one that is foretold to first
  MemoryReservation host;    ///< its peak, then the label map and what the answer takes
  /// Of the device: the worker lets go of them at the end of the work, whenever the call ends.
  MemoryReservation device;
  LevelHold levels;
};

/// What the worker takes, tells and gives. Shared by call and worker, so that a call may be over before the worker has noticed.
struct SegmentWork {
  SegmentWork(Volume input, MemoryReservation input_memory, WorkHold hold, StallWatch& stalls)
      : watched(stalls), possible(std::move(hold.possible)), volume(std::move(input)), volume_memory(std::move(input_memory)), peak_memory(std::move(hold.host)), device_memory(std::move(hold.device)), levels(std::move(hold.levels)) {}

  Progress Latest() const {
    const std::lock_guard lock(mutex);
    return progress;
  }

  /// The level that runs, in its place among those that were possible; none until the work's turn has come.
  std::optional<size_t> Settled() const {
    const std::lock_guard lock(mutex);
    return settled;
  }

  StallWatch::Watched watched;  // rests until its turn has come
  const std::vector<AdmittedLevel> possible;
  Volume volume;
  MemoryReservation volume_memory;
  MemoryReservation peak_memory;
  MemoryReservation device_memory;     // the worker's, once it has begun
  LevelHold levels;                    // likewise, and whose turn has come before that
  mutable std::mutex mutex;
  Progress progress;                   // guarded by the mutex
  std::optional<size_t> settled;       // likewise
  std::optional<Segmentation> result;  // written by the worker, read once the ticket has ended
};

}  // namespace tuckerseg
