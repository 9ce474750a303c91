#include "server/schedule/device.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace tuckerseg {

int64_t DeviceMemoryLimit(const DeviceSettings& settings, const DeviceExecution& execution, int64_t host_bytes, const std::vector<DeviceSettings>& all) {
  if (settings.memory_limit_bytes > 0) return settings.memory_limit_bytes;
  const DeviceMemory own = settings.on_host() || !execution.memory ? DeviceMemory{} : execution.memory();
  if (!own.free) return host_bytes;
  int64_t left = *own.free - kGpuMargin;
  int64_t sharing = 0;
  for (const DeviceSettings& other : all) {
    if (other.device != settings.device) continue;
    left -= other.memory_limit_bytes;
    sharing += other.memory_limit_bytes == 0 ? 1 : 0;
  }
  return std::max<int64_t>(left, 0) / std::max<int64_t>(sharing, 1);
}

Device::Device(DeviceSettings settings, DeviceExecution execution, int64_t memory_limit_bytes, double client_share)
    : settings_(std::move(settings)), execution_(std::move(execution)), memory_(memory_limit_bytes), queue_(settings_.queue_capacity, settings_.overlaps() ? 2 : 1, client_share) {}

Device& Devices::Add(DeviceSettings settings, DeviceExecution execution, int64_t host_bytes, double client_share) {
  const int64_t limit = DeviceMemoryLimit(settings, execution, host_bytes);
  return devices_.emplace_back(std::move(settings), std::move(execution), limit, client_share);
}

void Devices::AddAll(const std::vector<DeviceSettings>& all, const std::function<DeviceExecution(const DeviceSettings&)>& execution_on, int64_t host_bytes, double client_share) {
  for (const DeviceSettings& settings : all) {
    DeviceExecution execution = execution_on(settings);
    const int64_t limit = DeviceMemoryLimit(settings, execution, host_bytes, all);
    devices_.emplace_back(settings, std::move(execution), limit, client_share);
  }
}

size_t Devices::StillWorkingAfter(std::chrono::milliseconds patience) const {
  constexpr std::chrono::milliseconds kLook{20};
  const auto count = [this] { return static_cast<size_t>(std::count_if(devices_.begin(), devices_.end(), [](const Device& device) { return device.queue().running() > 0; })); };
  const auto end = std::chrono::steady_clock::now() + patience;
  while (count() > 0 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(kLook);
  return count();
}

std::vector<std::string> Devices::Names() const {
  std::vector<std::string> names;
  for (const Device& device : devices_) names.push_back(device.name());
  return names;
}

}  // namespace tuckerseg
