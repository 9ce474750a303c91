#include "server/serve/current_status.h"

#include "server/observe/host_memory.h"
#include "server/serve/segment_header.h"

namespace tuckerseg {
namespace {

constexpr const char* kHost = "cpu";

QueueStatus QueueStatusOf(const WorkQueue& queue) {
  QueueStatus status;
  // Every priority from the start: a series that appears with its first request hides that there was none before.
  for (int priority = kLowestPriority; priority <= kHighestPriority; ++priority) status.waiting[priority] = 0;
  for (const auto& [priority, waiting] : queue.Waiting()) status.waiting[priority] = waiting;
  status.capacity = queue.capacity();
  status.running = queue.running() ? 1 : 0;
  return status;
}

LevelStatus LevelStatusOf(const Model& model, const ServedLevel& level, const ServiceParts& parts) {
  return {.model = model.name,
          .task = model.task,
          .level = level.name,
          .device = parts.config.device,
          .error = level.error,
          .quality = level.card ? level.card->Quality() : std::nullopt,
          .patch_s = parts.times.KnownPatchSeconds({model.task, level.name}),
          .weight_bytes = level.weight_bytes};
}

int64_t WeightBytes(const std::vector<LevelStatus>& levels) {
  int64_t bytes = 0;
  for (const LevelStatus& level : levels) bytes += level.weight_bytes;
  return bytes;
}

DeviceStatus HostStatus(const ServiceParts& parts) {
  const HostMemory memory = ReadHostMemory();
  return {.name = kHost,
          .queue = {},
          .memory = {.total = memory.total_bytes, .free = memory.free_bytes, .weights = {}, .reserved = parts.memory.reserved_bytes()}};
}

}  // namespace

ServerStatus CurrentStatus(const ServiceParts& parts) {
  ServerStatus status{.executor = parts.executor, .devices = {}, .levels = {}};
  for (const auto& [task, model] : parts.models.models())
    for (const ServedLevel& level : model.levels) status.levels.push_back(LevelStatusOf(model.model(), level, parts));
  // Volumes and what is made of them are the host's, wherever the networks run.
  DeviceStatus host = HostStatus(parts);
  if (parts.config.device == kHost) {
    host.queue = QueueStatusOf(parts.queue);
    host.memory.weights = WeightBytes(status.levels);
    status.devices.push_back(std::move(host));
    return status;
  }
  DeviceStatus device{.name = parts.config.device, .queue = QueueStatusOf(parts.queue), .memory = {}};
  if (parts.device_memory) device.memory = parts.device_memory();
  device.memory.weights = WeightBytes(status.levels);
  status.devices.push_back(std::move(device));
  status.devices.push_back(std::move(host));
  return status;
}

}  // namespace tuckerseg
