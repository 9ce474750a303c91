#include "server/variants/catalogue.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/error.h"
#include "server/observe/log.h"
#include "server/variants/level_slot.h"

namespace tuckerseg {
namespace {

LogLine Failed(const BrokenBundle& bundle) { return {LogLevel::kError, "bundle_failed", {{"directory", bundle.directory}, {"reason", bundle.error}}}; }

using Slots = std::vector<std::shared_ptr<LevelSlot>>;

void ForgetTimesOfAllBut(const Slots& kept, const Slots& slots) {
  for (const auto& slot : slots)
    if (std::find(kept.begin(), kept.end(), slot) == kept.end()) slot->device.times().Forget(slot->key);
}

/// A variant that came between a look at the disk and its description is in no stamp yet: then it is another one at the next look.
bool IsSameVariant(const std::filesystem::path& directory, const BundleStamp& a, const BundleStamp& b) {
  const auto in_a = a.variants.find(directory);
  const auto in_b = b.variants.find(directory);
  return in_a != a.variants.end() && in_b != b.variants.end() && in_a->second.IsSameModel(in_b->second);
}

}  // namespace

Catalogue::Catalogue(CatalogueOptions options, Devices& devices, MemoryBudget& host, Metrics& metrics)
    : options_(std::move(options)), devices_(devices), host_(host), metrics_(metrics) {
  std::error_code error;
  if (!std::filesystem::is_directory(options_.directory, error)) {
    throw Error(ErrorCode::kNotFound, "--models " + options_.directory.string() + ": is no directory; must be one that holds bundles");
  }
  served_stamp_ = StampModels(options_.directory).value_or(ModelsStamp());  // first: what changes while it is read is seen at the next look
  last_stamp_ = served_stamp_;
  for (auto& [directory, stamp] : served_stamp_) {
    entries_.push_back(Describe(directory));
    DescribedBundle& described = entries_.back().described;
    stamp.is_whole = described.unread.empty();
    unread_.Tell(directory, described);
    for (const LogLine& line : std::exchange(described.log, {})) line.Write();
  }
  for (const BrokenBundle& bundle : ChooseServing(entries_)) Failed(bundle).Write();
  host_.MakeRoomWith([this] { return EvictOne(nullptr); }, [this] { return PinnedBytes(nullptr); }, [this] { return EvictableBytes(nullptr); });
  for (Device& device : devices_) {
    device.memory().MakeRoomWith([this, place = &device] { return EvictOne(place); }, [this, place = &device] { return PinnedBytes(place); }, [this, place = &device] { return EvictableBytes(place); });
    loading_.try_emplace(&device);
  }
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
  unread_.EndWhereNothingIsAnother(served_stamp_, *now);
  if (changes.empty()) return false;
  // What may find no memory comes first: a look that fails has changed nothing, and the next one is another try.
  ModelsStamp stamp = served_stamp_;
  std::vector<Entry> changed;
  std::vector<LogLine> log;
  for (const std::filesystem::path& directory : changes.changed) {
    Entry entry = Describe(directory);
    unread_.Tell(directory, entry.described);
    const bool is_whole = entry.described.unread.empty();
    const Entry* known = EntryOf(directory);
    const bool would_be_less = known != nullptr && (known->described.error.empty() || !entry.described.error.empty());
    if (!is_whole && would_be_less) continue;  // what is known of it stays until all of it can be read
    std::ranges::move(std::exchange(entry.described.log, {}), std::back_inserter(log));
    stamp[directory] = now->at(directory);
    stamp[directory].is_whole = is_whole;
    changed.push_back(std::move(entry));
  }
  for (const std::filesystem::path& directory : changes.gone) unread_.Forget(directory);
  if (changed.empty() && changes.gone.empty()) return false;
  std::vector<Entry> entries = EntriesAfter(std::move(changed), changes.gone, *now);
  for (const std::filesystem::path& directory : changes.gone) stamp.erase(directory);
  const std::vector<BrokenBundle> kept_from_serving = ChooseServing(entries);
  const Slots old_slots = SlotsOf(entries_);
  const Slots slots = SlotsOf(entries);
  std::shared_ptr<const CatalogueView> old_view;  // let go of behind the lock, as the old entries are: memory may be freed
  {
    const std::lock_guard lock(mutex_);
    entries_.swap(entries);
    served_stamp_.swap(stamp);
    old_view = std::move(view_);
    ForgetTimesOfAllBut(slots, old_slots);  // else one that has gone would go on to be the slowest known of its task
    ForgetTimesOfAllBut(old_slots, slots);  // what was known under this name is of another network, whose last requests may have ended after it had gone
    Changed();
  }
  LogIfPossible([&] {
    for (const LogLine& line : log) line.Write();
    for (const BrokenBundle& bundle : kept_from_serving) Failed(bundle).Write();
  });
  return true;
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
  Entry entry{.directory = directory, .described = options_.describe(directory, options_.allow_non_commercial), .levels = {}};
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
  if (!entry.described.error.empty()) entry.described.log.push_back(Failed(entry.Broken()));
  return entry;
}

const Catalogue::Entry* Catalogue::EntryOf(const std::filesystem::path& directory) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&directory](const Entry& entry) { return entry.directory == directory; });
  return found != entries_.end() ? &*found : nullptr;
}

void Catalogue::Changed() {
  ++version_;
  view_.reset();
  changed_.notify_all();
}

std::vector<Catalogue::Entry> Catalogue::EntriesAfter(std::vector<Entry> changed, const std::vector<std::filesystem::path>& gone, const ModelsStamp& now) const {
  std::vector<Entry> entries = std::move(changed);
  for (const Entry& old : entries_) {
    const auto anew = std::find_if(entries.begin(), entries.end(), [&old](const Entry& entry) { return entry.directory == old.directory; });
    if (anew != entries.end()) {
      KeepUnchanged(old, served_stamp_.at(old.directory), now.at(old.directory), *anew);
    } else if (std::find(gone.begin(), gone.end(), old.directory) == gone.end()) {
      entries.push_back(old);
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.directory < b.directory; });
  return entries;
}

std::vector<BrokenBundle> Catalogue::ChooseServing(std::vector<Entry>& entries) {
  std::vector<BrokenBundle> kept_from_serving;
  std::set<std::string> tasks;
  for (Entry& entry : entries) {
    entry.serves = entry.serves && entry.described.error.empty();
    if (entry.serves) tasks.insert(entry.described.model->task);
  }
  for (Entry& entry : entries) {
    if (entry.serves || !entry.described.error.empty()) continue;
    entry.serves = tasks.insert(entry.described.model->task).second;
    if (!entry.serves) kept_from_serving.push_back(entry.Broken());
  }
  return kept_from_serving;
}

void Catalogue::KeepUnchanged(const Entry& old, const BundleStamp& old_stamp, const BundleStamp& stamp, Entry& entry) {
  // It may have come to be of a task that another one serves.
  entry.serves = old.serves && entry.described.error.empty() && entry.described.model->task == old.described.model->task;
  for (Level& level : entry.levels) {
    if (level.slots.empty()) continue;
    const auto same = std::find_if(old.levels.begin(), old.levels.end(), [&](const Level& other) {
      return !other.slots.empty() && other.served.name == level.served.name && other.slots.front()->files.directory == level.slots.front()->files.directory;
    });
    if (same == old.levels.end()) continue;
    const std::filesystem::path& directory = level.slots.front()->files.directory;
    const bool is_original = directory == entry.directory;
    // A variant's levels are forms of what model.json says.
    const bool looks_unchanged = is_original ? old_stamp.files.IsSameModel(stamp.files)
                                             : old_stamp.files.description == stamp.files.description && IsSameVariant(directory, old_stamp, stamp);
    // What was replaced between the look and its description looks as before, and is told as what it is by now.
    if (!looks_unchanged || same->served.weights_sha256 != level.served.weights_sha256 || *same->served.model != *level.served.model) continue;
    level.served.model = same->served.model;  // which plans compare by where it lies
    level.slots = same->slots;
  }
}

std::vector<std::shared_ptr<LevelSlot>> Catalogue::SlotsOf(const std::vector<Entry>& entries) {
  std::vector<std::shared_ptr<LevelSlot>> slots;
  for (const Entry& entry : entries) {
    if (!entry.serves) continue;
    for (const Level& level : entry.levels) slots.insert(slots.end(), level.slots.begin(), level.slots.end());
  }
  return slots;
}

bool Catalogue::IsServed(const LevelSlot& slot) const {
  for (const Entry& entry : entries_)
    for (const Level& level : entry.levels)
      for (const auto& one : level.slots)
        if (one.get() == &slot) return entry.serves;
  return false;
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
      for (const auto& slot : level.slots) served.devices.push_back({slot->device.name(), slot->state, HasPin(*slot), slot->error});
      if (!level.slots.empty() && StateOf(served) == LevelState::kFailed) served.error = served.devices.front().error;
    }
  }
  return view;
}

}  // namespace tuckerseg
