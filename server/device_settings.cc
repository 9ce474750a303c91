#include "server/device_settings.h"

#include <algorithm>
#include <set>

#include "engine/error.h"
#include "server/known_keys.h"

namespace tuckerseg {
namespace {

constexpr size_t kLongestName = 32;

Precision ReadPrecision(const JsonField& field) {
  const std::optional<Precision> precision = PrecisionNamed(field.Text());
  if (!precision) {
    std::string names;
    for (const std::string& name : PrecisionNames()) names += (names.empty() ? "" : ", ") + name;
    field.Refuse("must be one of " + names);
  }
  return *precision;
}

DeviceSettings ReadDevice(const JsonField& entry) {
  DeviceSettings read;
  ReadKeys(entry, {{"name", [](const JsonField&) {}},
                   {"device", [&](const JsonField& f) { read.device = f.Text(); }},
                   {"threads", [&](const JsonField& f) { read.threads = static_cast<int>(f.Integer(0, kMostDeviceThreads)); }},
                   {"memory_limit_bytes", [&](const JsonField& f) { read.memory_limit_bytes = f.Integer(0, kMostDeviceBytes); }},
                   {"queue_capacity", [&](const JsonField& f) { read.queue_capacity = f.Integer(1, kMostDeviceQueue); }},
                   {"precision", [&](const JsonField& f) { read.precision = ReadPrecision(f); }},
                   {"patches_at_once", [&](const JsonField& f) { read.patches_at_once = static_cast<int>(f.Integer(1, kMostPatchesAtOnce)); }},
                   {"overlap", [&](const JsonField& f) { read.overlap = f.Boolean(); }}});
  read.name = entry.Has("name") ? entry.At("name").Text() : read.device;
  if (!IsDeviceName(read.name)) {
    throw Error(ErrorCode::kInvalidArgument, entry.path() + ".name = " + ShownKey(read.name) + ": must be 1 to " + std::to_string(kLongestName) + " of a-z 0-9 : . _ -");
  }
  if (read.name == kHostBesideDevices) {
    throw Error(ErrorCode::kInvalidArgument, entry.path() + ".name = " + read.name + ": must be another one, as the host's own memory is shown under it");
  }
  return read;
}

}  // namespace

std::vector<std::string> PrecisionNames() { return {NameOf(Precision::kFloat32), NameOf(Precision::kBFloat16), NameOf(Precision::kFloat16)}; }

bool IsDeviceName(const std::string& name) {
  const auto may_be_in_it = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '.' || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), may_be_in_it);
}

std::string DeviceNamePattern() { return "^[a-z0-9:._-]{1," + std::to_string(kLongestName) + "}$"; }

std::vector<DeviceSettings> ReadDevices(const JsonField& list) {
  std::vector<DeviceSettings> devices;
  std::set<std::string> names;
  for (size_t i = 0; i < list.Size(); ++i) {
    devices.push_back(ReadDevice(list.At(i)));
    const std::string& name = devices.back().name;
    if (!names.insert(name).second) throw Error(ErrorCode::kInvalidArgument, list.At(i).path() + ".name = " + name + ": must be a name that no other device has");
  }
  if (devices.empty()) list.Refuse("must hold at least one; leave it out where `device` says enough");
  return devices;
}

Json DevicesJson(const std::vector<DeviceSettings>& devices) {
  Json list = Json::array();
  for (const DeviceSettings& device : devices) {
    list.push_back(Json{{"name", device.name},
                        {"device", device.device},
                        {"threads", device.threads},
                        {"memory_limit_bytes", device.memory_limit_bytes},
                        {"queue_capacity", device.queue_capacity},
                        {"precision", NameOf(device.precision)},
                        {"patches_at_once", device.patches_at_once},
                        {"overlap", device.overlaps()}});
  }
  return list;
}

void ShareThreads(std::vector<DeviceSettings>& devices, int available) {
  int sharing = 0;
  for (const DeviceSettings& device : devices) {
    available -= device.threads;
    sharing += device.threads == 0 ? 1 : 0;
  }
  for (DeviceSettings& device : devices)
    if (device.threads == 0) device.threads = std::max(available / sharing, 1);
}

}  // namespace tuckerseg
