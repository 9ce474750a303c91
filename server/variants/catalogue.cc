#include "server/variants/catalogue.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/model/bundle.h"
#include "engine/model/variant.h"
#include "server/observe/html_text.h"
#include "server/observe/log.h"
#include "server/variants/eviction.h"
#include "server/variants/level_files.h"
#include "server/variants/load_failure.h"

namespace tuckerseg {

struct ResidentLevel {
  MemoryReservation device_memory;
  MemoryReservation host_memory;         // where the device is on the host
  // Guarded by the catalogue's mutex until it is loaded:
  bool loading = false;
  std::unique_ptr<Segmenter> segmenter;  // null: only its memory is reserved
};

struct LevelSlot {
  const LevelKey key;
  const std::string model_name;
  const LevelFiles files;
  const std::shared_ptr<const Model> model;  // in the level's form
  const int64_t weight_bytes;
  Device& device;

  // Guarded by the catalogue's mutex. Shares of `resident` are taken with it, too: where this is the only one, nobody uses the level.
  LevelState state = LevelState::kAvailable;
  bool tried = false;
  bool pinned = false;
  std::string error = {};
  int64_t used = 0;
  std::optional<double> load_s = {};  // that loading it took the last time
  std::shared_ptr<ResidentLevel> resident = {};

  bool IsUsed() const { return resident.use_count() > 1; }
};

namespace {

using Clock = std::chrono::steady_clock;

/// Until it was measured: reading, hashing and copying a file's bytes.
constexpr double kLoadedBytesPerSecond = 200e6;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double ForetoldLoad(const LevelSlot& slot) { return slot.load_s.value_or(static_cast<double>(slot.weight_bytes) / kLoadedBytesPerSecond); }

nlohmann::json FieldsOf(const LevelSlot& slot) {
  return {{"task", slot.key.task}, {"variant", slot.key.level}, {"device", slot.device.name()}};
}

void LogFailed(const BrokenBundle& bundle) {
  Log(LogLevel::kError, "bundle_failed", {{"directory", bundle.directory}, {"reason", bundle.error}});
}

void LogUnloaded(const LevelSlot& slot, const char* why) {
  nlohmann::json fields = FieldsOf(slot);
  fields["why"] = why;
  Log(LogLevel::kInfo, "variant_unloaded", fields);
}

/// Another network has come under these names.
void ForgetTimes(const std::vector<std::shared_ptr<LevelSlot>>& slots) {
  for (const auto& slot : slots) slot->device.times().Forget(slot->key);
}

/// A variant that came between a look at the disk and its description is in no stamp yet: then it is another one at the next look.
bool IsSameVariant(const std::filesystem::path& directory, const BundleStamp& a, const BundleStamp& b) {
  const auto in_a = a.variants.find(directory);
  const auto in_b = b.variants.find(directory);
  return in_a != a.variants.end() && in_b != b.variants.end() && in_a->second.IsSameModel(in_b->second);
}

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

Catalogue::Catalogue(CatalogueOptions options, Devices& devices, MemoryBudget& host, Metrics& metrics)
    : options_(std::move(options)), devices_(devices), host_(host), metrics_(metrics) {
  std::error_code error;
  if (!std::filesystem::is_directory(options_.directory, error)) {
    throw Error(ErrorCode::kNotFound, "--models " + options_.directory.string() + ": is no directory; must be one that holds bundles");
  }
  served_stamp_ = StampModels(options_.directory).value_or(ModelsStamp());  // first: what changes while it is read is seen at the next look
  last_stamp_ = served_stamp_;
  for (const auto& [directory, stamp] : served_stamp_) entries_.push_back(Describe(directory));
  for (const BrokenBundle& bundle : ChooseServing()) LogFailed(bundle);
  host_.MakeRoomWith([this] { return EvictOne(nullptr); });
  for (Device& device : devices_) device.memory().MakeRoomWith([this, place = &device] { return EvictOne(place); });
}

Catalogue::~Catalogue() {
  for (Device& device : devices_) device.queue().Stop();
  for (Device& device : devices_) device.memory().MakeRoomWith({});
  host_.MakeRoomWith({});
}

std::shared_ptr<const CatalogueView> Catalogue::View() const {
  const std::lock_guard lock(mutex_);
  if (!view_) view_ = MakeView();
  return view_;
}

bool Catalogue::Rescan() {
  const std::optional<ModelsStamp> now = StampModels(options_.directory);
  if (now.has_value() == is_unreadable_) {  // another answer than before
    is_unreadable_ = !now.has_value();
    Log(is_unreadable_ ? LogLevel::kWarning : LogLevel::kInfo, is_unreadable_ ? "models_unreadable" : "models_readable_again", nlohmann::json::object());
  }
  if (!now) return false;
  const DiskChanges changes = ChangesOnDisk(served_stamp_, std::exchange(last_stamp_, *now), *now);
  if (changes.empty()) return false;
  std::vector<Entry> described;
  for (const std::filesystem::path& directory : changes.changed) described.push_back(Describe(directory));
  // What is let go of: behind the lock, as memory may be freed.
  std::vector<Entry> old;
  std::shared_ptr<const CatalogueView> old_view;
  std::vector<BrokenBundle> kept_from_serving;
  {
    const std::lock_guard lock(mutex_);
    old_view = std::move(view_);
    for (Entry& entry : described) {
      Entry* served = FindEntry(entry.directory);
      if (served == nullptr) {
        entries_.push_back(std::move(entry));
        continue;
      }
      KeepUnchanged(*served, served_stamp_.at(entry.directory), now->at(entry.directory), entry);
      std::swap(*served, entry);
      old.push_back(std::move(entry));
    }
    for (const std::filesystem::path& directory : changes.gone) {
      Entry* gone = FindEntry(directory);
      old.push_back(std::move(*gone));
      entries_.erase(entries_.begin() + (gone - entries_.data()));
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.directory < b.directory; });
    kept_from_serving = ChooseServing();
    Changed();
  }
  for (const BrokenBundle& bundle : kept_from_serving) LogFailed(bundle);
  for (const std::filesystem::path& directory : changes.changed) served_stamp_[directory] = now->at(directory);
  for (const std::filesystem::path& directory : changes.gone) served_stamp_.erase(directory);
  return true;
}

void Catalogue::LoadWhatFits() {
  for (const bool originals : {true, false})
    for (const auto& slot : NeverTried(originals)) LoadIfItFits(slot);
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

void Catalogue::Finish(const LevelHold& hold) {
  for (const LevelHold::Item& item : hold.items_) Finish(item);
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

int64_t Catalogue::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

int64_t Catalogue::WaitForChange(int64_t seen, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return version_ != seen; });
  return version_;
}

BrokenBundle Catalogue::Entry::Broken() const {
  return {described.directory, !described.error.empty() ? described.error : "task " + described.model->task + ": is served by another bundle already"};
}

Catalogue::Entry Catalogue::Describe(const std::filesystem::path& directory) const {
  Entry entry{.directory = directory, .described = DescribeBundle(directory, options_.allow_non_commercial), .levels = {}};
  for (DescribedLevel& described : entry.described.levels) {
    Level& level = entry.levels.emplace_back();
    for (Device& device : devices_) {
      if (!described.level.model || !described.level.ready()) break;
      level.slots.push_back(std::make_shared<LevelSlot>(LevelSlot{.key = {entry.described.model->task, described.level.name},
                                                                  .model_name = entry.described.model->name,
                                                                  .files = described.files,
                                                                  .model = described.level.model,
                                                                  .weight_bytes = described.level.weight_bytes,
                                                                  .device = device}));
    }
    level.served = std::move(described.level);
  }
  entry.described.levels.clear();
  if (!entry.described.error.empty()) LogFailed(entry.Broken());
  return entry;
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
  nlohmann::json fields = FieldsOf(slot);
  if (!failure) {
    fields["seconds"] = load_s;
    Log(LogLevel::kInfo, "variant_loaded", fields);
    return;
  }
  fields["reason"] = failure->reason;
  Log(LogLevel::kError, "variant_failed", fields);
  Error error(failure->code, "level = " + slot.key.level + ": could not be loaded: " + failure->reason);
  if (failure->is_passing()) throw std::move(error).RetryAfter(10);
  throw error;
}

std::unique_ptr<Segmenter> Catalogue::LoadSegmenter(const LevelSlot& slot, double& load_s) {
  const Clock::time_point begin = Clock::now();
  auto segmenter = std::make_unique<Segmenter>(ReadLevel(slot.files, *slot.model), slot.device.factory());
  metrics_.ObserveVariantLoad(slot.model_name, slot.key.level, slot.device.name(), SecondsSince(begin));
  slot.device.times().Expect(slot.key, options_.warm_up(*segmenter));
  load_s = SecondsSince(begin);
  return segmenter;
}

void Catalogue::LoadIfItFits(const std::shared_ptr<LevelSlot>& slot) {
  LevelHold::Item item{slot, nullptr};
  std::optional<WarmUpRoom> warm_up;
  std::string beside;
  try {
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

bool Catalogue::EvictOne(const Device* device) {
  std::shared_ptr<ResidentLevel> goes;  // behind the lock: giving memory back takes time
  std::shared_ptr<LevelSlot> slot;
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<LevelSlot>> there;
    std::vector<LevelUse> uses;
    for (const auto& one : ServedSlots()) {
      if (!one->resident || (device != nullptr ? &one->device != device : !one->device.on_host())) continue;
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

void Catalogue::Changed() {
  ++version_;
  view_.reset();
  changed_.notify_all();
}

std::vector<BrokenBundle> Catalogue::ChooseServing() {
  std::vector<BrokenBundle> kept_from_serving;
  std::set<std::string> tasks;
  for (Entry& entry : entries_) {
    entry.serves = entry.serves && entry.described.error.empty();
    if (entry.serves) tasks.insert(entry.described.model->task);
  }
  for (Entry& entry : entries_) {
    if (entry.serves || !entry.described.error.empty()) continue;
    entry.serves = tasks.insert(entry.described.model->task).second;
    if (!entry.serves) {
      kept_from_serving.push_back(entry.Broken());
      continue;
    }
    for (const Level& level : entry.levels) ForgetTimes(level.slots);
  }
  return kept_from_serving;
}

void Catalogue::KeepUnchanged(const Entry& old, const BundleStamp& old_stamp, const BundleStamp& stamp, Entry& entry) const {
  // It may have come to be of a task that another one serves.
  entry.serves = old.serves && entry.described.error.empty() && entry.described.model->task == old.described.model->task;
  for (Level& level : entry.levels) {
    if (level.slots.empty()) continue;
    const auto same = std::find_if(old.levels.begin(), old.levels.end(), [&](const Level& other) {
      return !other.slots.empty() && other.served.name == level.served.name && other.slots.front()->files.directory == level.slots.front()->files.directory;
    });
    if (same == old.levels.end()) {
      if (entry.serves) ForgetTimes(level.slots);
      continue;
    }
    const std::filesystem::path& directory = level.slots.front()->files.directory;
    const bool is_original = directory == entry.directory;
    // A variant's levels are forms of what model.json says.
    const bool unchanged = is_original ? old_stamp.files.IsSameModel(stamp.files)
                                       : old_stamp.files.description == stamp.files.description && IsSameVariant(directory, old_stamp, stamp);
    if (unchanged) {
      level.served.model = same->served.model;  // which plans compare by where it lies
      level.slots = same->slots;
      continue;
    }
    // An operator wants a level, not its weights of one day.
    for (size_t i = 0; i < level.slots.size(); ++i) level.slots[i]->pinned = same->slots[i]->pinned;
    if (entry.serves) ForgetTimes(level.slots);  // else the times of these names are another bundle's
  }
}

Catalogue::Entry* Catalogue::FindEntry(const std::filesystem::path& directory) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.directory == directory; });
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<std::shared_ptr<LevelSlot>> Catalogue::ServedSlots() const {
  std::vector<std::shared_ptr<LevelSlot>> slots;
  for (const Entry& entry : entries_) {
    if (!entry.serves) continue;
    for (const Level& level : entry.levels) slots.insert(slots.end(), level.slots.begin(), level.slots.end());
  }
  return slots;
}

std::shared_ptr<const CatalogueView> Catalogue::MakeView() const {
  auto view = std::make_shared<CatalogueView>();
  for (const Entry& entry : entries_) {
    if (!entry.serves) {
      view->broken.push_back(entry.Broken());
      continue;
    }
    CatalogueModel& model = view->models[entry.described.model->task];
    model.directory = entry.described.directory;
    for (const Level& level : entry.levels) {
      ServedLevel& served = model.levels.emplace_back(level.served);
      served.slots = level.slots;
      for (const auto& slot : level.slots) served.devices.push_back({slot->device.name(), slot->state, slot->pinned, slot->error});
      if (!level.slots.empty() && StateOf(served) == LevelState::kFailed) served.error = served.devices.front().error;
    }
  }
  return view;
}

}  // namespace tuckerseg
