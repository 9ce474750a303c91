/// A level's place on one device, as the catalogue's files see it: its weights while they lie there, and what is known of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/model/model.h"
#include "engine/segment/segmenter.h"
#include "server/policy/service_times.h"
#include "server/schedule/device.h"
#include "server/schedule/memory_budget.h"
#include "server/variants/level_files.h"
#include "server/variants/level_state.h"
#include "server/variants/load_failure.h"

namespace tuckerseg {

/// A level's weights on a device, with the memory that is set aside for them.
struct ResidentLevel {
  MemoryReservation device_memory;
  MemoryReservation host_memory;         // where the device is on the host
  // Guarded by the catalogue's mutex until it is loaded:
  bool loading = false;
  std::unique_ptr<Segmenter> segmenter;  // null: only its memory is reserved
  std::optional<LoadFailure> failure;    // that does not pass: whoever has a share of this is told of it, and does not try again
};

/// One for each level and device.
struct LevelSlot {
  const LevelKey key;
  const std::string model_name;
  const LevelFiles files;
  const std::shared_ptr<const Model> model;  // in the level's form
  const int64_t weight_bytes;
  Device& device;

  // Guarded by the catalogue's mutex. Shares of `resident` are taken with it, too: where this is the only one, nobody uses the level.
  LevelState state = LevelState::kAvailable;
  bool tried = false;
  std::string error = {};
  int64_t used = 0;
  std::optional<double> load_s = {};  // that loading it took the last time
  std::shared_ptr<ResidentLevel> resident = {};

  bool IsUsed() const { return resident.use_count() > 1; }
};

}  // namespace tuckerseg
