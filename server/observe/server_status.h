/// What a server has and does at one moment, as plain values: for gauges and for the page that people look at.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/variants/level_state.h"

namespace tuckerseg {

/// Bytes; what is absent is not known, or not the device's.
struct DeviceMemory {
  std::optional<int64_t> total;
  std::optional<int64_t> free;
  std::optional<int64_t> weights;   ///< of levels that are loaded, or will be for a request that was admitted
  std::optional<int64_t> reserved;  ///< by requests that are there
};

struct QueueStatus {
  std::map<int, int64_t> waiting;  ///< requests by priority, every priority that a request may have
  int64_t capacity = 0;            ///< that may wait or run
  int64_t running = 0;
};

struct DeviceStatus {
  std::string name;
  std::optional<QueueStatus> queue;  ///< none: no networks run here, the device only holds volumes
  DeviceMemory memory;
};

struct LevelStatus {
  std::string model;
  std::string task;
  std::string level;
  std::string device;
  LevelState state = LevelState::kLoaded;
  std::string error;                ///< why it is not loaded; empty: it is, or nobody has tried
  std::optional<double> quality;    ///< of its card; none: not measured
  std::optional<double> patch_s;    ///< here; none: no patch has run yet
  int64_t weight_bytes = 0;
  int64_t parameters = 0;           ///< of all parts, one fold each; 0: its files could not be read
  int64_t multiply_adds = 0;        ///< of one patch
};

struct ServerStatus {
  std::string executor;
  std::vector<DeviceStatus> devices;
  std::vector<LevelStatus> levels;
};

}  // namespace tuckerseg
