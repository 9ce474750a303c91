/// The devices of a server, as its configuration describes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/execute/precision.h"
#include "engine/model/json_fields.h"

namespace tuckerseg {

/// What DeviceSettings::device is of a device that computes on the host's processors.
inline constexpr auto kHostDevice = "cpu";

/// What metrics and pages call the host where it is no device's and a device is called kHostDevice: no device's name.
inline constexpr auto kHostBesideDevices = "host";

/// The largest values that may be set, of the keys of the same names where there is only one device, too.
inline constexpr int64_t kMostDeviceThreads = 1024;
inline constexpr int64_t kMostDeviceQueue = 10000;
inline constexpr int64_t kMostPatchesAtOnce = 64;
inline constexpr int64_t kMostDeviceBytes = int64_t{1} << 50;

/// Several of one kind may share what they run on: two of `cpu` with four threads each, say.
struct DeviceSettings {
  std::string name = kHostDevice;    ///< as clients, metrics and pages call it
  std::string device = kHostDevice;  ///< what it is: `cpu` or `cuda:N`
  int threads = 0;                   ///< of the CPU, also around the networks of a GPU; 0: an equal share of those that the process may use
  int64_t memory_limit_bytes = 0;    ///< for weights and for work; 0: of the CPU's memory what all requests may have, of a GPU's what is free at the start, shared by those of one GPU
  int64_t queue_capacity = 16;       ///< requests that may wait or run
  Precision precision = Precision::kFloat32;  ///< of the features that networks compute
  int patches_at_once = 1;           ///< SegmentOptions::patches_at_once
  std::optional<bool> overlap = {};  ///< whether the next request is prepared, and the one before finished, while networks of one run; absent: not on the host

  bool on_host() const { return device == kHostDevice; }
  /// On the host both would share the processors that the networks need.
  bool overlaps() const { return overlap.value_or(!on_host()); }
  bool operator==(const DeviceSettings&) const = default;
};

/// Whether a device may have this name: it becomes a label of metrics.
bool IsDeviceName(const std::string& name);
/// The same as a regular expression, for schemas.
std::string DeviceNamePattern();

/// What `precision` may be.
std::vector<std::string> PrecisionNames();

/// A list of {`name`, `device`, `threads`, `memory_limit_bytes`, `queue_capacity`, `precision`, `patches_at_once`, `overlap`}, each of which may be left out; a name that is left out is the `device`.
/// Errors: kInvalidArgument for an empty list, a name that cannot be one or is another's or the host's, a value out of range.
std::vector<DeviceSettings> ReadDevices(const JsonField& list);
/// The list with every key.
Json DevicesJson(const std::vector<DeviceSettings>& devices);

/// Gives devices without a number of threads an equal share of those of `available` that the others leave, and one at least.
void ShareThreads(std::vector<DeviceSettings>& devices, int available);

}  // namespace tuckerseg
