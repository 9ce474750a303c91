/// The models of a server with their levels: which are loaded on which device, and which go where memory is needed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "engine/segment/memory_plan.h"
#include "engine/segment/segmenter.h"
#include "server/observe/metrics.h"
#include "server/policy/service_times.h"
#include "server/schedule/device.h"
#include "server/schedule/memory_budget.h"
#include "server/variants/catalogue_view.h"
#include "server/variants/described_bundle.h"
#include "server/variants/disk_scan.h"
#include "server/variants/level_files.h"
#include "server/variants/loading_thread.h"
#include "server/variants/unread_bundles.h"

namespace tuckerseg {

struct CatalogueOptions {
  std::filesystem::path directory;  ///< of bundles
  bool allow_non_commercial = false;
  /// Runs a patch of a level that has just been loaded, so that no request pays for what is set up once, and returns the seconds that one takes.
  std::function<double(Segmenter&)> warm_up = [](Segmenter& segmenter) { return segmenter.TimePatch(); };
  /// What that takes beside the weights: reserved meanwhile, where no request has done so.
  std::function<int64_t(const Model&)> warm_up_bytes = [](const Model& model) { return PatchBytes(model); };
  /// What is held of the weights' files while they are read, before that: reserved with it.
  std::function<int64_t(const LevelFiles&)> reading_bytes = WeightFilesBytes;
  /// Reads what lies in a bundle's directory, once a look has seen it there.
  std::function<DescribedBundle(const std::filesystem::path& directory, bool allow_non_commercial)> describe = DescribeBundle;
};

/// A level's place in a device's memory: its weights lie there as long as anyone has a share of this.
struct ResidentLevel;

/// The levels that a request needs on one device. They stay there as long as this lives, whatever happens to them in the catalogue: replaced, gone, unloaded.
class LevelHold {
 public:
  /// Once Catalogue::Finish() has been called. Requests of one level share it: its networks are those of the request that has the device.
  Segmenter& own() const;
  /// The original of a task; null if the request does not need it.
  Segmenter* Find(const std::string& task) const;

 private:
  friend class Catalogue;
  struct Item {
    std::shared_ptr<LevelSlot> slot;
    std::shared_ptr<ResidentLevel> resident;
  };
  std::vector<Item> items_;  // the own one first
};

/// What a device would have to do for some levels, and which of its weights would make room.
struct LevelRoom {
  int64_t missing_bytes = 0;  ///< of weights that are not there
  double load_s = 0;          ///< foretold, until they are
  int64_t leaving_bytes = 0;          ///< of other levels that can be unloaded as things are
  int64_t leaving_on_host_bytes = 0;  ///< of all devices on the host
  int64_t lasting_bytes = 0;          ///< of what stays whatever becomes of other requests: of the levels themselves, and of pinned ones
  int64_t lasting_on_host_bytes = 0;
  std::string error;  ///< why one of them cannot be loaded there; empty: all can
};

/// Thread-safe but for what says otherwise. No lock is held while files are read or levels are loaded: requests go on meanwhile.
class Catalogue {
 public:
  /// Finds and describes the bundles of the directory. None is loaded yet, a broken one is reported (View().broken, and a line in the log), and none at
  /// all is no error: they may come. `devices`, `host` and `metrics` must outlive the catalogue; it makes room in their budgets from now on.
  /// Errors: kNotFound if there is no such directory.
  Catalogue(CatalogueOptions options, Devices& devices, MemoryBudget& host, Metrics& metrics);
  /// Stops the devices' queues first: work that runs there loads levels from here.
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  std::shared_ptr<const CatalogueView> View() const;

  /// Looks at the directory again: what is new, replaced or gone since, and was so at the look before already (ChangesOnDisk). A card that has come or gone tells at
  /// once; weights that were replaced, of a level or of its model, are loaded anew, while requests that have begun end with the old ones. A bundle of which something
  /// cannot be read for a reason that may pass stays as it is, and each look is another try. Returns whether View() has changed; what it throws, for want of memory, has changed nothing. One thread at a time, the same that loads what fits.
  bool Rescan();

  /// Loads what nobody has tried to load yet: originals first, on every device in their order, then all other levels, as far as there is room without
  /// unloading anything; only for one that is pinned, as its files have been replaced (Rescan()), others are unloaded if they must be. What finds none stays on disk
  /// until a request needs it; what needs more, with its files while they are read or the patch that warms it up, than there ever is on the device and the host has failed there. Ends behind the level that is being loaded
  /// when `stop` comes. One thread at a time.
  void LoadWhatFits(const std::stop_token& stop = {});
  /// The same, and then what was left on disk, one level after the other, with others unloaded for it as needed: so the weights of every level are read once, and
  /// View() tells of each that cannot be loaded. For a check, where nothing is served. One thread at a time.
  void LoadEach();

  /// Of levels that View() has shown, on the device at this place.
  LevelRoom RoomFor(const std::vector<const ServedLevel*>& levels, size_t device) const;

  /// Reserves memory for the weights that are not there, unloading others if it must, and keeps all of them there. `levels`: the own one first.
  /// Errors: kResourceExhausted.
  LevelHold Hold(const std::vector<const ServedLevel*>& levels, size_t device);
  /// Keeps them there if all are loaded as it is: reserves nothing, unloads nothing, waits for nothing.
  std::optional<LevelHold> HoldIfLoaded(const std::vector<const ServedLevel*>& levels, size_t device);
  /// Loads what is not loaded yet, or waits for whoever does; nothing breaks that off. What could not be loaded for another reason than want of memory is not tried
  /// again for who has held it meanwhile. Errors: kFailedPrecondition, or what may pass, kResourceExhausted or kUnavailable, with the reason.
  void Finish(const LevelHold& hold);
  /// Whether Finish() has nothing to do.
  bool IsFinished(const LevelHold& hold) const;

  /// Loads a level that View() has shown, also one that could not be loaded before, and pins it, from before it is loaded: it stays until Unload(), and is loaded anew where its
  /// files are replaced, or are back after they had gone or could not be read. `device`: its place; none: on all of them, of which one must succeed.
  /// Errors: as Finish().
  void Load(const ServedLevel& level, std::optional<size_t> device);
  /// Unloads it, whether it is pinned or not; one that cannot be loaded stays so. Requests that have been admitted to it end with it, and its memory is given back then.
  void Unload(const ServedLevel& level, std::optional<size_t> device);

  /// A request has run at a level that View() has shown, on the device at this place: what ServiceTimes::Learn() is told, unless the level has gone since, or is of other
  /// weights by now.
  void Learn(const ServedLevel& level, size_t device, const ServiceSize& size, double network_s, double around_s);

  /// A number that grows with every change of View().
  int64_t version() const;
  /// Waits until it is another one than `seen`, at most `timeout`; returns it.
  int64_t WaitForChange(int64_t seen, std::chrono::milliseconds timeout) const;

 private:
  struct Level {
    ServedLevel served;  // without what changes while it is served
    std::vector<std::shared_ptr<LevelSlot>> slots;  // on each device; empty where it could not be read
  };
  struct Entry {
    std::filesystem::path directory;
    DescribedBundle described;  // without its levels, which are below
    std::vector<Level> levels;
    bool serves = false;        // its task; false: it is broken, or another bundle does

    BrokenBundle Broken() const;  // why it does not serve
  };

  /// What is loaded by name: a level of a task on a device, whichever files it is read from.
  using PinKey = std::pair<LevelKey, const Device*>;
  static PinKey PinKeyOf(const LevelSlot& slot);
  /// Shared with the loads by name that are in progress: who unloads the level by name takes it away from them.
  struct Pin;

  /// What is to be said of it in the log is in the description's.
  Entry Describe(const std::filesystem::path& directory) const;
  /// Null: nothing is known of it.
  const Entry* EntryOf(const std::filesystem::path& directory) const;
  /// A share of the level's memory on its device; reserved, not loaded, where there was none.
  LevelHold::Item Take(const std::shared_ptr<LevelSlot>& slot);
  std::shared_ptr<ResidentLevel> Reserve(const LevelSlot& slot);
  /// Null where there is no room as things are.
  std::shared_ptr<ResidentLevel> TryReserve(const LevelSlot& slot);
  void Finish(const LevelHold::Item& item);
  /// Waits for whoever loads it. True: it is the caller's to load, who must end that; false: it is loaded. Errors: as Finish().
  bool BeginLoad(const LevelHold::Item& item);
  struct LoadOutcome;
  void EndLoad(const LevelHold::Item& item, LoadOutcome& outcome);
  /// On the device's loading thread.
  std::unique_ptr<Segmenter> LoadSegmenter(const LevelSlot& slot, double& load_s);
  void LoadIfItFits(const std::shared_ptr<LevelSlot>& slot);
  void LoadByName(const std::shared_ptr<LevelSlot>& slot);
  std::shared_ptr<Pin> BeginPin(const LevelSlot& slot);
  /// The load has ended, well or not.
  void EndPin(const LevelHold::Item& item, const std::shared_ptr<Pin>& pin, bool well);
  /// Why the level can never lie there, whatever else goes; empty: it can. No request runs with less than a patch.
  std::string WhyTooLarge(const LevelSlot& slot) const;
  /// It is tried again only by name.
  void Fail(LevelSlot& slot, const std::string& reason);
  /// What a load holds for a while: the weights' files, and once they have gone the patch that warms the level up.
  struct LoadBytes {
    int64_t on_device = 0;
    int64_t on_host = 0;
  };
  LoadBytes BytesToLoad(const LevelSlot& slot) const;
  struct WarmUpRoom {
    MemoryReservation on_device;
    MemoryReservation on_host;
  };
  /// Unloads levels if it must. Errors: kResourceExhausted.
  WarmUpRoom RoomToWarmUp(const LevelSlot& slot);
  /// Nothing where there is no room as things are.
  std::optional<WarmUpRoom> TryRoomToWarmUp(const LevelSlot& slot);
  bool IsPinned(const LevelSlot& slot) const;
  bool IsLoaded(const LevelSlot& slot) const;
  /// Those that could be loaded, and are not.
  std::vector<std::shared_ptr<LevelSlot>> LeftOnDisk() const;
  /// Those that nobody has tried to load yet, by device.
  std::vector<std::shared_ptr<LevelSlot>> NeverTried(bool originals) const;
  /// Unloads the level that goes first of those whose weights lie on `device`, or anywhere on the host if that is null. False: all must stay.
  bool EvictOne(const Device* device);
  /// Of weights there that stay until they are unloaded by name.
  int64_t PinnedBytes(const Device* device) const;
  /// Of weights there that EvictOne() could unload.
  int64_t EvictableBytes(const Device* device) const;

  // Entries are changed by Rescan() alone, with the mutex: it reads them without, and prepares what takes their place.
  std::vector<Entry> EntriesAfter(std::vector<Entry> changed, const std::vector<std::filesystem::path>& gone, const ModelsStamp& now) const;
  /// What is known of levels whose files are still the same.
  static void KeepUnchanged(const Entry& old, const BundleStamp& old_stamp, const BundleStamp& stamp, Entry& entry);
  /// Of two bundles of one task the one serves that has served before, else the first by directory. Returns those that another one keeps from serving.
  static std::vector<BrokenBundle> ChooseServing(std::vector<Entry>& entries);
  static std::vector<std::shared_ptr<LevelSlot>> SlotsOf(const std::vector<Entry>& entries);

  // With the mutex:
  void Changed();
  bool HasPin(const LevelSlot& slot) const { return pins_.contains(PinKeyOf(slot)); }
  std::vector<std::shared_ptr<LevelSlot>> ServedSlots() const { return SlotsOf(entries_); }
  /// False: other weights have taken its place, or it has gone. What is known of its key is not its own then.
  bool IsServed(const LevelSlot& slot) const;
  std::shared_ptr<const CatalogueView> MakeView() const;

  const CatalogueOptions options_;
  Devices& devices_;
  MemoryBudget& host_;
  Metrics& metrics_;
  std::map<const Device*, LoadingThread> loading_;
  // Of Rescan() alone:
  ModelsStamp served_stamp_;  // of what the entries were made
  ModelsStamp last_stamp_;
  bool is_unreadable_ = false;
  UnreadBundles unread_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Entry> entries_;  // by directory
  std::map<PinKey, std::shared_ptr<Pin>> pins_;  // until they are unloaded by name, whatever becomes of their files meanwhile
  int64_t version_ = 0;
  int64_t admissions_ = 0;      // so far: tells which level was used last
  int64_t loads_ = 0;           // so far of levels that nobody had asked for: of these the one that came last goes first, and originals come first
  mutable std::shared_ptr<const CatalogueView> view_;  // null: to be made
};

}  // namespace tuckerseg
