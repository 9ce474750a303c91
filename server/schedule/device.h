/// One place where networks run: its queue with the workers that empty it, its memory, and how long work takes there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "engine/execute/executor.h"
#include "server/device_settings.h"
#include "server/observe/server_status.h"
#include "server/policy/service_times.h"
#include "server/schedule/memory_budget.h"
#include "server/schedule/work_queue.h"

namespace tuckerseg {

/// How networks run on a device.
struct DeviceExecution {
  ExecutorFactory factory;
  /// What the device says of its own memory; empty: it has none but the host's, or nobody can tell. Called from any thread.
  std::function<DeviceMemory()> memory = {};
};

/// Of a GPU's free memory this much is not given away: the driver, cuDNN's scratch and gaps between what LibTorch keeps take it.
inline constexpr int64_t kGpuMargin = int64_t{1} << 30;

/// What may lie on a device, weights and work together: the setting; else of the host's memory all that requests may have (`host_bytes`), of a GPU's what is
/// free now but for kGpuMargin. `all`: the devices of the server, of which several may be one GPU: those without a setting have each an equal part of what the others' settings leave.
int64_t DeviceMemoryLimit(const DeviceSettings& settings, const DeviceExecution& execution, int64_t host_bytes, const std::vector<DeviceSettings>& all = {});

/// Thread-safe.
class Device {
 public:
  /// `client_share`: of the places in its queue, that one client may hold.
  Device(DeviceSettings settings, DeviceExecution execution, int64_t memory_limit_bytes, double client_share = 1);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::string& name() const { return settings_.name; }
  /// DeviceSettings::device.
  const std::string& kind() const { return settings_.device; }
  /// Whether it computes on the host's processors, so that all it holds lies in the host's memory.
  bool on_host() const { return settings_.on_host(); }
  int threads() const { return settings_.threads; }
  Precision precision() const { return settings_.precision; }
  int patches_at_once() const { return settings_.patches_at_once; }
  const ExecutorFactory& factory() const { return execution_.factory; }
  /// What it says of its own memory, where it has any.
  DeviceMemory OwnMemory() const { return execution_.memory ? execution_.memory() : DeviceMemory{}; }

  /// For weights and for what running networks takes. Of a device on the host a share of the host's memory: what is taken of it is taken of the host's
  /// budget too, so that shares may add up to more than there is.
  MemoryBudget& memory() { return memory_; }
  ServiceTimes& times() { return times_; }
  WorkQueue& queue() { return queue_; }
  const WorkQueue& queue() const { return queue_; }

 private:
  const DeviceSettings settings_;
  const DeviceExecution execution_;
  MemoryBudget memory_;
  ServiceTimes times_;
  WorkQueue queue_;  // last: its work uses the others
};

/// The devices of a server, in the order of their settings. Filled before anyone looks at it, then thread-safe.
class Devices {
 public:
  /// `host_bytes`: what all requests may have of the host's memory. `client_share`: as of Device.
  Device& Add(DeviceSettings settings, DeviceExecution execution, int64_t host_bytes, double client_share = 1);
  /// All of a server's, in this order. `execution_on`: how networks run on each. Where two are one GPU, its memory is shared (DeviceMemoryLimit).
  void AddAll(const std::vector<DeviceSettings>& all, const std::function<DeviceExecution(const DeviceSettings&)>& execution_on, int64_t host_bytes, double client_share = 1);

  size_t size() const { return devices_.size(); }
  Device& at(size_t place) { return devices_.at(place); }
  auto begin() { return devices_.begin(); }
  auto end() { return devices_.end(); }
  std::vector<std::string> Names() const;

  /// Waits until no device works, at most so long, and tells how many still do. For a stop: all work has been asked to end, and what hangs never does.
  size_t StillWorkingAfter(std::chrono::milliseconds patience) const;

 private:
  std::deque<Device> devices_;  // which never moves them
};

}  // namespace tuckerseg
