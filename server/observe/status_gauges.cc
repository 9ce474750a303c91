#include "server/observe/status_gauges.h"

namespace tuckerseg {
namespace {

void SetMemory(const DeviceStatus& device, Metrics& metrics) {
  const auto set = [&](const char* kind, const std::optional<int64_t>& bytes) {
    if (bytes) metrics.SetDeviceMemory(device.name, kind, static_cast<double>(*bytes));
  };
  set("total", device.memory.total);
  set("free", device.memory.free);
  set("weights", device.memory.weights);
  set("reserved", device.memory.reserved);
}

}  // namespace

void SetGauges(const ServerStatus& status, Metrics& metrics) {
  for (const DeviceStatus& device : status.devices) {
    if (device.queue) metrics.SetQueue(device.name, device.queue->waiting, device.queue->capacity, device.queue->running);
    SetMemory(device, metrics);
  }
}

}  // namespace tuckerseg
