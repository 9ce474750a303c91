/// The part of the catalogue that loads levels: what fits, what requests need, and what is asked for by name. What they take is catalogue_weights.cc's.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/error.h"
#include "engine/model/variant.h"
#include "server/observe/html_text.h"
#include "server/seconds_since.h"
#include "server/variants/catalogue.h"
#include "server/variants/level_log.h"
#include "server/variants/level_slot.h"
#include "server/variants/load_failure.h"

namespace tuckerseg {
namespace {

[[noreturn]] void Throw(const LoadFailure& failure, const LevelSlot& slot) {
  Error error(failure.code, "level = " + slot.key.level + ": could not be loaded: " + failure.reason);
  if (failure.is_passing()) throw std::move(error).RetryAfter(10);
  throw error;
}

/// The slots of a level that is meant: on one device, or on all.
std::vector<std::shared_ptr<LevelSlot>> SlotsOn(const ServedLevel& level, std::optional<size_t> device) {
  if (level.slots.empty()) throw Error(ErrorCode::kFailedPrecondition, "level = " + level.name + ": could not be loaded: " + level.error);
  if (device) return {level.slots.at(*device)};
  return level.slots;
}

}  // namespace

struct Catalogue::Pin {
  int64_t loads = 0;    // by name, in progress
  bool loaded = false;  // by one that has ended
};

struct Catalogue::LoadOutcome {
  std::unique_ptr<Segmenter> segmenter = {};
  double seconds = 0;
  std::optional<LoadFailure> failure = {};  // none: it is loaded
};

void Catalogue::LoadWhatFits(const std::stop_token& stop) {
  for (const bool originals : {true, false}) {
    for (const auto& slot : NeverTried(originals)) {
      if (stop.stop_requested()) return;
      LoadIfItFits(slot);
    }
  }
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

void Catalogue::Finish(const LevelHold& hold) {
  for (const LevelHold::Item& item : hold.items_) Finish(item);
}

void Catalogue::Load(const ServedLevel& level, std::optional<size_t> device) {
  std::optional<Error> failure;
  bool loaded = false;
  for (const auto& slot : SlotsOn(level, device)) {
    try {
      LoadByName(slot);
      loaded = true;
    } catch (const Error& error) {
      if (!failure) failure = error;
    }
  }
  if (!loaded) throw *failure;
}

void Catalogue::LoadByName(const std::shared_ptr<LevelSlot>& slot) {
  const WarmUpRoom warm_up = IsLoaded(*slot) ? WarmUpRoom() : RoomToWarmUp(*slot);
  const LevelHold::Item item = Take(slot);
  const std::shared_ptr<Pin> pin = BeginPin(*slot);  // first: where its files are replaced while it is loaded, the new ones are those of a pinned level
  try {
    Finish(item);
  } catch (...) {
    EndPin(item, pin, false);
    throw;
  }
  EndPin(item, pin, true);
}

std::shared_ptr<Catalogue::Pin> Catalogue::BeginPin(const LevelSlot& slot) {
  auto made = std::make_shared<Pin>();
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Pin>& pin = pins_.try_emplace(PinKeyOf(slot), std::move(made)).first->second;
  ++pin->loads;
  Changed();
  return pin;
}

void Catalogue::EndPin(const LevelHold::Item& item, const std::shared_ptr<Pin>& pin, bool well) {
  const std::lock_guard lock(mutex_);
  --pin->loads;
  if (well && item.slot->resident == item.resident) pin->loaded = true;  // not where another one's failure has taken it off the list
  if (pin->loads == 0 && !pin->loaded) std::erase_if(pins_, [&pin](const auto& one) { return one.second == pin; });
  Changed();
}

void Catalogue::Unload(const ServedLevel& level, std::optional<size_t> device) {
  for (const auto& slot : SlotsOn(level, device)) {
    std::shared_ptr<ResidentLevel> goes;  // behind the lock: giving memory back takes time
    {
      const std::lock_guard lock(mutex_);
      pins_.erase(PinKeyOf(*slot));
      goes = std::move(slot->resident);
      if (slot->state != LevelState::kFailed) {  // what cannot be loaded can still not be loaded
        slot->state = LevelState::kAvailable;
        slot->error.clear();
      }
      Changed();
    }
    if (goes) LogUnloaded(*slot, "asked");
  }
}

void Catalogue::Finish(const LevelHold::Item& item) {
  if (!BeginLoad(item)) return;
  // However the load ends, for want of memory in the midst of a failure, say: nobody waits for it for ever.
  struct EndOfLoad {
    Catalogue& catalogue;
    LevelSlot& slot;
    ResidentLevel& resident;
    bool told = false;
    ~EndOfLoad() {
      if (told) return;
      const std::lock_guard lock(catalogue.mutex_);
      resident.loading = false;
      if (slot.resident.get() == &resident) {
        slot.state = LevelState::kAvailable;
        slot.resident.reset();  // the item has a share: nothing is freed here
      }
      catalogue.Changed();
    }
  } end_of_load{.catalogue = *this, .slot = *item.slot, .resident = *item.resident};
  LoadOutcome outcome;
  try {
    outcome.segmenter = LoadSegmenter(*item.slot, outcome.seconds);
  } catch (...) {
    outcome.failure = FailureInFlight();
  }
  EndLoad(item, outcome);
  end_of_load.told = true;
  if (outcome.failure) {
    LogNotLoaded(*item.slot, outcome.failure->reason);
    Throw(*outcome.failure, *item.slot);
  }
  LogLoaded(*item.slot, outcome.seconds);
}

bool Catalogue::BeginLoad(const LevelHold::Item& item) {
  LevelSlot& slot = *item.slot;
  ResidentLevel& resident = *item.resident;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !resident.loading; });
  if (resident.segmenter) return false;
  if (resident.failure) Throw(*resident.failure, slot);
  resident.loading = true;
  slot.tried = true;
  if (slot.resident == item.resident) slot.state = LevelState::kLoading;
  Changed();
  return true;
}

void Catalogue::EndLoad(const LevelHold::Item& item, LoadOutcome& outcome) {
  LevelSlot& slot = *item.slot;
  ResidentLevel& resident = *item.resident;
  const std::optional<LoadFailure>& failure = outcome.failure;
  const std::lock_guard lock(mutex_);
  if (failure && !failure->is_passing()) resident.failure = failure;
  const bool is_listed = slot.resident == item.resident;  // it may have been unloaded by name meanwhile: then it is its holders' alone
  resident.loading = false;
  resident.segmenter = std::move(outcome.segmenter);
  if (!failure) slot.load_s = outcome.seconds;
  if (is_listed) {
    slot.state = !failure ? LevelState::kLoaded : failure->is_passing() ? LevelState::kAvailable : LevelState::kFailed;
    slot.error = failure ? failure->reason : "";
    if (failure) slot.resident.reset();  // the item has a share: nothing is freed here
  }
  Changed();
}

std::unique_ptr<Segmenter> Catalogue::LoadSegmenter(const LevelSlot& slot, double& load_s) {
  std::unique_ptr<Segmenter> segmenter;
  loading_.at(&slot.device).Run([&] {
    const auto begin = std::chrono::steady_clock::now();
    segmenter = std::make_unique<Segmenter>(ReadLevel(slot.files, *slot.model), slot.device.factory());
    metrics_.ObserveVariantLoad(slot.model_name, slot.key.level, slot.device.name(), SecondsSince(begin));
    const double patch_s = options_.warm_up(*segmenter);
    load_s = SecondsSince(begin);
    const std::lock_guard lock(mutex_);
    if (IsServed(slot)) slot.device.times().Expect(slot.key, patch_s);
  });
  return segmenter;
}

void Catalogue::Learn(const ServedLevel& level, size_t device, const ServiceSize& size, double network_s, double around_s) {
  const LevelSlot& slot = *level.slots.at(device);
  const std::lock_guard lock(mutex_);  // a look that forgets the level's times comes before or after
  if (IsServed(slot)) slot.device.times().Learn(slot.key, size, network_s, around_s);
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
  LogNotLoaded(slot, reason);
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

}  // namespace tuckerseg
