/// The part of the catalogue that has to do with memory: which weights lie on which device, kept there for requests, and which of them go where it is needed. What there is
/// to be served is catalogue.cc's.
#include <algorithm>
#include <set>
#include <utility>

#include "engine/model/variant.h"
#include "server/variants/catalogue.h"
#include "server/variants/eviction.h"
#include "server/variants/level_log.h"
#include "server/variants/level_slot.h"

namespace tuckerseg {
namespace {

/// Until it was measured: reading, hashing and copying a file's bytes.
constexpr double kLoadedBytesPerSecond = 200e6;

double ForetoldLoad(const LevelSlot& slot) { return slot.load_s.value_or(static_cast<double>(slot.weight_bytes) / kLoadedBytesPerSecond); }

/// Whether its weights lie on `device`, or anywhere on the host if that is null. With the catalogue's mutex.
bool LiesOn(const Device* device, const LevelSlot& slot) { return slot.resident && (device != nullptr ? &slot.device == device : slot.device.on_host()); }

}  // namespace

Segmenter& LevelHold::own() const { return *items_.front().resident->segmenter; }

Segmenter* LevelHold::Find(const std::string& task) const {
  const auto found = std::find_if(items_.begin(), items_.end(), [&](const Item& item) { return item.slot->key == LevelKey{task, kOriginal}; });
  return found == items_.end() ? nullptr : found->resident->segmenter.get();
}

LevelRoom Catalogue::RoomFor(const std::vector<const ServedLevel*>& levels, size_t device) const {
  const Device& here = devices_.at(device);
  LevelRoom room;
  const std::lock_guard lock(mutex_);
  std::set<const LevelSlot*> needed;
  for (const ServedLevel* level : levels) {
    const LevelSlot& slot = *level->slots.at(device);
    if (!needed.insert(&slot).second) continue;
    if (slot.state == LevelState::kFailed && room.error.empty()) room.error = slot.error;
    if (slot.resident) {
      room.lasting_bytes += slot.weight_bytes;
      if (here.on_host()) room.lasting_on_host_bytes += slot.weight_bytes;
    } else {
      room.missing_bytes += slot.weight_bytes;
    }
    if (!slot.resident || !slot.resident->segmenter) room.load_s += ForetoldLoad(slot);
  }
  for (const auto& slot : ServedSlots()) {
    if (!slot->resident || needed.contains(slot.get())) continue;
    const bool pinned = HasPin(*slot);
    const int64_t leaving = pinned || slot->IsUsed() ? 0 : slot->weight_bytes;
    const int64_t lasting = pinned ? slot->weight_bytes : 0;
    if (&slot->device == &here) {
      room.leaving_bytes += leaving;
      room.lasting_bytes += lasting;
    }
    if (slot->device.on_host()) {
      room.leaving_on_host_bytes += leaving;
      room.lasting_on_host_bytes += lasting;
    }
  }
  return room;
}

LevelHold Catalogue::Hold(const std::vector<const ServedLevel*>& levels, size_t device) {
  LevelHold hold;
  for (const ServedLevel* level : levels) hold.items_.push_back(Take(level->slots.at(device)));
  return hold;
}

std::optional<LevelHold> Catalogue::HoldIfLoaded(const std::vector<const ServedLevel*>& levels, size_t device) {
  LevelHold hold;
  const std::lock_guard lock(mutex_);
  for (const ServedLevel* level : levels) {
    const std::shared_ptr<LevelSlot>& slot = level->slots.at(device);
    if (!slot->resident || !slot->resident->segmenter) return {};
    hold.items_.push_back({slot, slot->resident});
  }
  ++admissions_;
  for (const LevelHold::Item& item : hold.items_) item.slot->used = admissions_;
  return hold;
}

bool Catalogue::IsFinished(const LevelHold& hold) const {
  const std::lock_guard lock(mutex_);
  for (const LevelHold::Item& item : hold.items_)
    if (!item.resident->segmenter) return false;
  return true;
}

LevelHold::Item Catalogue::Take(const std::shared_ptr<LevelSlot>& slot) {
  {
    const std::lock_guard lock(mutex_);
    slot->used = ++admissions_;
    if (slot->resident) return {slot, slot->resident};
  }
  const std::shared_ptr<ResidentLevel> reserved = Reserve(*slot);
  const std::lock_guard lock(mutex_);
  if (!slot->resident) slot->resident = reserved;  // else another was faster, and this one's memory goes back
  return {slot, slot->resident};
}

std::shared_ptr<ResidentLevel> Catalogue::Reserve(const LevelSlot& slot) {
  const auto resident = std::make_shared<ResidentLevel>();
  resident->device_memory = slot.device.memory().Reserve(slot.weight_bytes, "weights of this level", 0, MemoryUse::kWeights);
  if (slot.device.on_host()) resident->host_memory = host_.Reserve(slot.weight_bytes, "weights of this level", 0, MemoryUse::kWeights);
  return resident;
}

std::shared_ptr<ResidentLevel> Catalogue::TryReserve(const LevelSlot& slot) {
  std::optional<MemoryReservation> on_device = slot.device.memory().TryReserve(slot.weight_bytes, MemoryUse::kWeights);
  std::optional<MemoryReservation> on_host = slot.device.on_host() ? host_.TryReserve(slot.weight_bytes, MemoryUse::kWeights) : MemoryReservation();
  if (!on_device || !on_host) return {};
  const auto resident = std::make_shared<ResidentLevel>();
  resident->device_memory = std::move(*on_device);
  resident->host_memory = std::move(*on_host);
  return resident;
}

std::string Catalogue::WhyTooLarge(const LevelSlot& slot) const {
  const LoadBytes bytes = BytesToLoad(slot);
  const auto refusal = [&](int64_t weight_bytes, int64_t load_bytes, int64_t most) {
    return "memory: " + std::to_string(weight_bytes) + " bytes of weights and " + std::to_string(load_bytes) + (load_bytes > options_.warm_up_bytes(*slot.model) ? " of their files, while they are read," : " of the patch that warms them up") +
           " are needed: must be at most " + std::to_string(most) + " together";
  };
  const int64_t on_device = slot.device.memory().limit_bytes();
  if (slot.weight_bytes > on_device - bytes.on_device) return refusal(slot.weight_bytes, bytes.on_device, on_device);
  const int64_t weights_on_host = slot.device.on_host() ? slot.weight_bytes : 0;
  if (weights_on_host > host_.limit_bytes() - bytes.on_host) return refusal(weights_on_host, bytes.on_host, host_.limit_bytes());
  return "";
}

Catalogue::LoadBytes Catalogue::BytesToLoad(const LevelSlot& slot) const {
  const int64_t patch_bytes = options_.warm_up_bytes(*slot.model);
  const int64_t reading_bytes = options_.reading_bytes(slot.files);
  if (!slot.device.on_host()) return {.on_device = patch_bytes, .on_host = reading_bytes};
  const int64_t bytes = std::max(patch_bytes, reading_bytes);
  return {.on_device = bytes, .on_host = bytes};
}

Catalogue::WarmUpRoom Catalogue::RoomToWarmUp(const LevelSlot& slot) {
  const LoadBytes bytes = BytesToLoad(slot);
  WarmUpRoom room;
  room.on_device = slot.device.memory().Reserve(bytes.on_device, "loading this level");
  room.on_host = host_.Reserve(bytes.on_host, "loading this level");
  return room;
}

std::optional<Catalogue::WarmUpRoom> Catalogue::TryRoomToWarmUp(const LevelSlot& slot) {
  const LoadBytes bytes = BytesToLoad(slot);
  std::optional<MemoryReservation> on_device = slot.device.memory().TryReserve(bytes.on_device, MemoryUse::kRequest);
  std::optional<MemoryReservation> on_host = host_.TryReserve(bytes.on_host, MemoryUse::kRequest);
  if (!on_device || !on_host) return {};
  return WarmUpRoom{.on_device = *std::move(on_device), .on_host = *std::move(on_host)};
}

Catalogue::PinKey Catalogue::PinKeyOf(const LevelSlot& slot) { return {slot.key, &slot.device}; }

bool Catalogue::IsPinned(const LevelSlot& slot) const {
  const std::lock_guard lock(mutex_);
  return HasPin(slot);
}

bool Catalogue::IsLoaded(const LevelSlot& slot) const {
  const std::lock_guard lock(mutex_);
  return slot.resident && slot.resident->segmenter;
}

bool Catalogue::EvictOne(const Device* device) {
  std::shared_ptr<ResidentLevel> goes;  // behind the lock: giving memory back takes time
  std::shared_ptr<LevelSlot> slot;
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<LevelSlot>> there;
    std::vector<LevelUse> uses;
    for (const auto& one : ServedSlots()) {
      if (!LiesOn(device, *one)) continue;
      there.push_back(one);
      uses.push_back({.held = one->IsUsed(), .pinned = HasPin(*one), .used = one->used, .loaded = one->resident->segmenter != nullptr});
    }
    const std::optional<size_t> first = FirstToGo(uses);
    if (!first) return false;
    slot = there[*first];
    goes = std::move(slot->resident);
    slot->state = LevelState::kAvailable;
    slot->error.clear();
    Changed();
  }
  if (goes->segmenter) LogUnloaded(*slot, "memory");
  return true;
}

int64_t Catalogue::EvictableBytes(const Device* device) const {
  int64_t bytes = 0;
  const std::lock_guard lock(mutex_);
  for (const auto& slot : ServedSlots())
    if (LiesOn(device, *slot) && !slot->IsUsed() && !HasPin(*slot)) bytes += slot->weight_bytes;
  return bytes;
}

int64_t Catalogue::PinnedBytes(const Device* device) const {
  int64_t bytes = 0;
  const std::lock_guard lock(mutex_);
  for (const auto& slot : ServedSlots())
    if (HasPin(*slot) && LiesOn(device, *slot)) bytes += slot->weight_bytes;
  return bytes;
}

}  // namespace tuckerseg
