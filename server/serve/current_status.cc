#include "server/serve/current_status.h"

#include <algorithm>

#include "engine/model/variant.h"
#include "server/observe/host_memory.h"
#include "server/priority.h"

namespace tuckerseg {
namespace {

QueueStatus QueueStatusOf(const WorkQueue& queue) {
  QueueStatus status;
  // Every priority from the start: a series that appears with its first request hides that there was none before.
  for (int priority = kLowestPriority; priority <= kHighestPriority; ++priority) status.waiting[priority] = 0;
  for (const auto& [priority, waiting] : queue.Waiting()) status.waiting[priority] = waiting;
  status.capacity = queue.capacity();
  status.running = queue.running();
  return status;
}

LevelStatus LevelStatusOf(const Model& model, const ServedLevel& level, const LevelOnDevice& place, Device& device) {
  return {.model = model.name,
          .task = model.task,
          .level = level.name,
          .device = place.device,
          .state = place.state,
          .error = place.error,
          .quality = level.card ? level.card->Quality() : std::nullopt,
          .patch_s = device.times().KnownPatchSeconds({model.task, level.name}),
          .weight_bytes = level.weight_bytes,
          .parameters = level.parameters,
          .multiply_adds = level.multiply_adds};
}

/// Of what could not even be read: it is on no device.
LevelStatus BrokenStatus(const std::string& model, const std::string& task, const std::string& level, const std::string& error) {
  return {.model = model, .task = task, .level = level, .device = "", .state = LevelState::kFailed, .error = error};
}

void AddLevels(const CatalogueModel& model, Devices& devices, std::vector<LevelStatus>& levels) {
  for (const ServedLevel& level : model.levels) {
    if (level.devices.empty()) levels.push_back(BrokenStatus(model.model().name, model.model().task, level.name, level.error));
    for (size_t i = 0; i < level.devices.size(); ++i) levels.push_back(LevelStatusOf(model.model(), level, level.devices[i], devices.at(i)));
  }
}

/// Where volumes lie, and what is made of them.
DeviceMemory HostMemoryNow(const ServiceParts& parts) {
  const HostMemory memory = ReadHostMemory();
  return {.total = memory.total_bytes, .free = memory.free_bytes, .weights = {}, .reserved = parts.memory.reserved_bytes()};
}

/// Of a share of the host's memory: what it may hold, and what of it nothing holds.
DeviceMemory ShareNow(Device& device) {
  const int64_t reserved = device.memory().reserved_bytes();
  const int64_t limit = device.memory().limit_bytes();
  return {.total = limit, .free = std::max<int64_t>(limit - reserved - device.memory().weight_bytes(), 0), .weights = {}, .reserved = reserved};
}

/// The only device on the host is told together with the host. Several share it, and it has a line of its own.
bool IsTheHost(Device& device, Devices& devices) {
  return device.on_host() && std::count_if(devices.begin(), devices.end(), [](const Device& other) { return other.on_host(); }) == 1;
}

DeviceStatus DeviceStatusOf(Device& device, const ServiceParts& parts) {
  DeviceStatus status{.name = device.name(), .queue = QueueStatusOf(device.queue()), .memory = {}};
  if (IsTheHost(device, parts.devices)) {
    status.memory = HostMemoryNow(parts);
  } else if (device.on_host()) {
    status.memory = ShareNow(device);
  } else {
    status.memory = device.OwnMemory();
    status.memory.reserved = device.memory().reserved_bytes();
  }
  status.memory.weights = device.memory().weight_bytes();
  return status;
}

}  // namespace

ServerStatus CurrentStatus(const ServiceParts& parts) {
  ServerStatus status{.executor = parts.executor, .devices = {}, .levels = {}};
  const auto view = parts.catalogue.View();
  for (const auto& [task, model] : view->models) AddLevels(model, parts.devices, status.levels);
  for (const BrokenBundle& broken : view->broken) status.levels.push_back(BrokenStatus(broken.directory, "", kOriginal, broken.error));
  bool host_is_told = false;
  bool name_is_taken = false;
  for (Device& device : parts.devices) {
    status.devices.push_back(DeviceStatusOf(device, parts));
    host_is_told = host_is_told || IsTheHost(device, parts.devices);
    name_is_taken = name_is_taken || device.name() == kHostDevice;
  }
  if (!host_is_told) status.devices.push_back({.name = name_is_taken ? kHostBesideDevices : kHostDevice, .queue = {}, .memory = HostMemoryNow(parts)});
  return status;
}

ServerStatus QueuesNow(Devices& devices) {
  ServerStatus status;
  for (Device& device : devices) status.devices.push_back({.name = device.name(), .queue = QueueStatusOf(device.queue()), .memory = {}});
  return status;
}

}  // namespace tuckerseg
