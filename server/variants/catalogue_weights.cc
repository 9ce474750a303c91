/// The part of the catalogue that has to do with weights: which levels lie on which device, loaded and unloaded as memory and requests want it. What there is
/// to be served is catalogue.cc's.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/model/variant.h"
#include "server/observe/html_text.h"
#include "server/observe/log.h"
#include "server/seconds_since.h"
#include "server/variants/catalogue.h"
#include "server/variants/eviction.h"
#include "server/variants/level_slot.h"
#include "server/variants/load_failure.h"

namespace tuckerseg {
namespace {

using Clock = std::chrono::steady_clock;

/// Until it was measured: reading, hashing and copying a file's bytes.
constexpr double kLoadedBytesPerSecond = 200e6;

double ForetoldLoad(const LevelSlot& slot) { return slot.load_s.value_or(static_cast<double>(slot.weight_bytes) / kLoadedBytesPerSecond); }

nlohmann::json FieldsOf(const LevelSlot& slot) {
  return {{"task", slot.key.task}, {"variant", slot.key.level}, {"device", slot.device.name()}};
}

void LogUnloaded(const LevelSlot& slot, const char* why) {
  nlohmann::json fields = FieldsOf(slot);
  fields["why"] = why;
  Log(LogLevel::kInfo, "variant_unloaded", fields);
}

void LogFailed(const LevelSlot& slot, const std::string& reason) {
  nlohmann::json fields = FieldsOf(slot);
  fields["reason"] = reason;
  Log(LogLevel::kError, "variant_failed", fields);
}

[[noreturn]] void Throw(const LoadFailure& failure, const LevelSlot& slot) {
  Error error(failure.code, "level = " + slot.key.level + ": could not be loaded: " + failure.reason);
  if (failure.is_passing()) throw std::move(error).RetryAfter(10);
  throw error;
}

/// Whether its weights lie on `device`, or anywhere on the host if that is null. With the catalogue's mutex.
bool LiesOn(const Device* device, const LevelSlot& slot) { return slot.resident && (device != nullptr ? &slot.device == device : slot.device.on_host()); }

/// The slots of a level that is meant: on one device, or on all.
std::vector<std::shared_ptr<LevelSlot>> SlotsOn(const ServedLevel& level, std::optional<size_t> device) {
  if (level.slots.empty()) throw Error(ErrorCode::kFailedPrecondition, "level = " + level.name + ": could not be loaded: " + level.error);
  if (device) return {level.slots.at(*device)};
  return level.slots;
}

}  // namespace

Segmenter& LevelHold::own() const { return *items_.front().resident->segmenter; }

Segmenter* LevelHold::Find(const std::string& task) const {
  const auto found = std::find_if(items_.begin(), items_.end(), [&](const Item& item) { return item.slot->key == LevelKey{task, kOriginal}; });
  return found == items_.end() ? nullptr : found->resident->segmenter.get();
}

void Catalogue::LoadWhatFits() {
  for (const bool originals : {true, false})
    for (const auto& slot : NeverTried(originals)) LoadIfItFits(slot);
}

void Catalogue::LoadEach() {
  LoadWhatFits();
  for (const auto& slot : LeftOnDisk()) {
    try {
      const WarmUpRoom warm_up = RoomToWarmUp(*slot);
      Finish(Take(slot));
    } catch (const Error&) {  // as where it fits: it is listed with its reason, and logged
    }
  }
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
    const int64_t leaving = slot->pinned || slot->IsUsed() ? 0 : slot->weight_bytes;
    const int64_t lasting = slot->pinned ? slot->weight_bytes : 0;
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

void Catalogue::Finish(const LevelHold& hold) {
  for (const LevelHold::Item& item : hold.items_) Finish(item);
}

bool Catalogue::IsFinished(const LevelHold& hold) const {
  const std::lock_guard lock(mutex_);
  for (const LevelHold::Item& item : hold.items_)
    if (!item.resident->segmenter) return false;
  return true;
}

void Catalogue::Load(const ServedLevel& level, std::optional<size_t> device) {
  std::optional<Error> failure;
  bool loaded = false;
  for (const auto& slot : SlotsOn(level, device)) {
    try {
      const WarmUpRoom warm_up = IsLoaded(*slot) ? WarmUpRoom() : RoomToWarmUp(*slot);
      const LevelHold::Item item = Take(slot);
      Finish(item);
      loaded = true;
      const std::lock_guard lock(mutex_);
      slot->pinned = slot->resident == item.resident;  // not where it was unloaded by name meanwhile
      Changed();
    } catch (const Error& error) {
      if (!failure) failure = error;
    }
  }
  if (!loaded) throw *failure;
}

void Catalogue::Unload(const ServedLevel& level, std::optional<size_t> device) {
  for (const auto& slot : SlotsOn(level, device)) {
    std::shared_ptr<ResidentLevel> goes;  // behind the lock: giving memory back takes time
    {
      const std::lock_guard lock(mutex_);
      goes = std::move(slot->resident);
      slot->state = LevelState::kAvailable;
      slot->pinned = false;
      slot->error.clear();
      Changed();
    }
    if (goes) LogUnloaded(*slot, "asked");
  }
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

void Catalogue::Finish(const LevelHold::Item& item) {
  LevelSlot& slot = *item.slot;
  ResidentLevel& resident = *item.resident;
  // However a load ends, for want of memory in the midst of a failure, say: nobody waits for it for ever.
  struct EndOfLoad {
    Catalogue& catalogue;
    LevelSlot& slot;
    ResidentLevel& resident;
    bool mine = false;
    ~EndOfLoad() {
      if (!mine) return;
      const std::lock_guard lock(catalogue.mutex_);
      resident.loading = false;
      if (slot.resident.get() == &resident) {
        slot.state = LevelState::kAvailable;
        slot.resident.reset();  // the item has a share: nothing is freed here
      }
      catalogue.Changed();
    }
  } end_of_load{.catalogue = *this, .slot = slot, .resident = resident};
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !resident.loading; });
    if (resident.segmenter) return;
    if (resident.failure) Throw(*resident.failure, slot);
    resident.loading = true;
    end_of_load.mine = true;
    slot.tried = true;
    if (slot.resident == item.resident) slot.state = LevelState::kLoading;
    Changed();
  }
  std::unique_ptr<Segmenter> segmenter;
  double load_s = 0;
  std::optional<LoadFailure> failure;
  try {
    segmenter = LoadSegmenter(slot, load_s);
  } catch (...) {
    failure = FailureInFlight();
  }
  {
    const std::lock_guard lock(mutex_);
    if (failure && !failure->is_passing()) resident.failure = failure;
    const bool is_listed = slot.resident == item.resident;  // it may have been unloaded by name meanwhile: then it is its holders' alone
    resident.loading = false;
    resident.segmenter = std::move(segmenter);
    if (!failure) slot.load_s = load_s;
    if (is_listed) {
      slot.state = !failure ? LevelState::kLoaded : failure->is_passing() ? LevelState::kAvailable : LevelState::kFailed;
      slot.error = failure ? failure->reason : "";
      if (failure) slot.resident.reset();  // the item has a share: nothing is freed here
    }
    Changed();
    end_of_load.mine = false;
  }
  if (failure) {
    LogFailed(slot, failure->reason);
    Throw(*failure, slot);
  }
  nlohmann::json fields = FieldsOf(slot);
  fields["seconds"] = load_s;
  Log(LogLevel::kInfo, "variant_loaded", fields);
}

std::unique_ptr<Segmenter> Catalogue::LoadSegmenter(const LevelSlot& slot, double& load_s) {
  std::unique_ptr<Segmenter> segmenter;
  loading_.at(&slot.device).Run([&] {
    const Clock::time_point begin = Clock::now();
    segmenter = std::make_unique<Segmenter>(ReadLevel(slot.files, *slot.model), slot.device.factory());
    metrics_.ObserveVariantLoad(slot.model_name, slot.key.level, slot.device.name(), SecondsSince(begin));
    slot.device.times().Expect(slot.key, options_.warm_up(*segmenter));
    load_s = SecondsSince(begin);
  });
  return segmenter;
}

std::string Catalogue::WhyTooLarge(const LevelSlot& slot) const {
  const int64_t patch_bytes = options_.warm_up_bytes(*slot.model);
  int64_t most = slot.device.memory().limit_bytes();
  if (slot.device.on_host()) most = std::min(most, host_.limit_bytes());
  if (slot.weight_bytes <= most - patch_bytes) return "";
  return "memory: " + std::to_string(slot.weight_bytes) + " bytes of weights and " + std::to_string(patch_bytes) + " of the patch that warms them up are needed: must be at most " +
         std::to_string(most) + " together";
}

void Catalogue::Fail(LevelSlot& slot, const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    slot.tried = true;
    if (slot.resident) return;  // somebody has found room for it
    slot.error = reason;
    slot.state = LevelState::kFailed;
    Changed();
  }
  LogFailed(slot, reason);
}

void Catalogue::LoadIfItFits(const std::shared_ptr<LevelSlot>& slot) {
  LevelHold::Item item{slot, nullptr};
  std::optional<WarmUpRoom> warm_up;
  std::string beside;
  try {
    if (const std::string reason = WhyTooLarge(*slot); !reason.empty()) return Fail(*slot, reason);
    const bool pinned = IsPinned(*slot);
    item.resident = pinned ? Reserve(*slot) : TryReserve(*slot);
    if (item.resident) {
      beside = " beside what the patch takes that warms them up";
      warm_up = pinned ? RoomToWarmUp(*slot) : TryRoomToWarmUp(*slot);
    }
  } catch (const Error&) {  // no room, whatever goes
  }
  if (!warm_up) item.resident.reset();
  {
    const std::lock_guard lock(mutex_);
    slot->tried = true;
    if (slot->resident) return;  // a request was faster
    slot->resident = item.resident;
    slot->used = -++loads_;
    if (!item.resident) slot->error = "memory: " + BytesText(slot->weight_bytes) + " of weights found no room" + beside;
    Changed();
  }
  if (!item.resident) return;
  try {
    Finish(item);
  } catch (const Error&) {  // it is listed with its reason, and logged
  }
}

Catalogue::WarmUpRoom Catalogue::RoomToWarmUp(const LevelSlot& slot) {
  const int64_t bytes = options_.warm_up_bytes(*slot.model);
  WarmUpRoom room;
  room.on_device = slot.device.memory().Reserve(bytes, "a patch to warm this level up");
  if (slot.device.on_host()) room.on_host = host_.Reserve(bytes, "a patch to warm this level up");
  return room;
}

std::optional<Catalogue::WarmUpRoom> Catalogue::TryRoomToWarmUp(const LevelSlot& slot) {
  const int64_t bytes = options_.warm_up_bytes(*slot.model);
  std::optional<MemoryReservation> on_device = slot.device.memory().TryReserve(bytes, MemoryUse::kRequest);
  std::optional<MemoryReservation> on_host = slot.device.on_host() ? host_.TryReserve(bytes, MemoryUse::kRequest) : MemoryReservation();
  if (!on_device || !on_host) return {};
  return WarmUpRoom{.on_device = *std::move(on_device), .on_host = *std::move(on_host)};
}

bool Catalogue::IsPinned(const LevelSlot& slot) const {
  const std::lock_guard lock(mutex_);
  return slot.pinned;
}

bool Catalogue::IsLoaded(const LevelSlot& slot) const {
  const std::lock_guard lock(mutex_);
  return slot.resident && slot.resident->segmenter;
}

std::vector<std::shared_ptr<LevelSlot>> Catalogue::NeverTried(bool originals) const {
  std::vector<std::shared_ptr<LevelSlot>> slots;
  const std::lock_guard lock(mutex_);
  const std::vector<std::shared_ptr<LevelSlot>> served = ServedSlots();
  for (const Device& device : devices_)
    for (const auto& slot : served)
      if (&slot->device == &device && !slot->tried && !slot->resident && (slot->key.level == kOriginal) == originals) slots.push_back(slot);
  return slots;
}

std::vector<std::shared_ptr<LevelSlot>> Catalogue::LeftOnDisk() const {
  std::vector<std::shared_ptr<LevelSlot>> slots;
  const std::lock_guard lock(mutex_);
  for (const auto& slot : ServedSlots())
    if (slot->state == LevelState::kAvailable && !slot->resident) slots.push_back(slot);
  return slots;
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
      uses.push_back({.held = one->IsUsed(), .pinned = one->pinned, .used = one->used});
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

int64_t Catalogue::PinnedBytes(const Device* device) const {
  int64_t bytes = 0;
  const std::lock_guard lock(mutex_);
  for (const auto& slot : ServedSlots())
    if (slot->pinned && LiesOn(device, *slot)) bytes += slot->weight_bytes;
  return bytes;
}

}  // namespace tuckerseg
