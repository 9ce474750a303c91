/// The work of one segmentation, as the call and the worker share it.
#pragma once

#include <mutex>
#include <optional>
#include <utility>

#include "engine/segment/segmenter.h"
#include "engine/volume/volume.h"
#include "server/schedule/memory_budget.h"

namespace tuckerseg {

/// Memory that the work holds beside the volume.
struct WorkMemory {
  MemoryReservation host;    ///< its peak, then the label map and what the answer takes
  MemoryReservation device;  ///< of the device's own budget; the worker gives it back
};

/// What the worker takes, tells and gives. Shared by call and worker, so that a call may be over before the worker has noticed.
struct SegmentWork {
  SegmentWork(Volume input, MemoryReservation input_memory, WorkMemory memory)
      : volume(std::move(input)), volume_memory(std::move(input_memory)), peak_memory(std::move(memory.host)), device_memory(std::move(memory.device)) {}

  Progress Latest() const {
    const std::lock_guard lock(mutex);
    return progress;
  }

  Volume volume;
  MemoryReservation volume_memory;
  MemoryReservation peak_memory;
  MemoryReservation device_memory;     // the worker's, once it has begun
  mutable std::mutex mutex;
  Progress progress;                   // guarded by the mutex
  std::optional<Segmentation> result;  // written by the worker, read once the ticket has ended
};

}  // namespace tuckerseg
