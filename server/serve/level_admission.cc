#include "server/serve/level_admission.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "server/policy/asked_level.h"
#include "server/policy/card_times.h"
#include "server/policy/choice_refusal.h"
#include "server/policy/judged_offer.h"
#include "server/policy/level_quality.h"
#include "server/schedule/time_ahead.h"
#include "server/serve/segment_header.h"

namespace tuckerseg {
namespace {

LevelPromises PromisesOf(const LevelRequest& request) {
  const v1::AutomaticLevel& automatic = request.header.level().automatic();
  LevelPromises promises;
  if (automatic.min_quality() > 0) promises.min_quality = automatic.min_quality();
  if (automatic.has_max_latency()) {
    const double asked_s = static_cast<double>(automatic.max_latency().seconds()) + 1e-9 * automatic.max_latency().nanos();
    promises.max_latency_s = std::max(0.0, asked_s - request.waited_s);
  }
  if (automatic.max_memory_bytes() > 0) {
    constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
    promises.max_memory_bytes = static_cast<int64_t>(std::min(automatic.max_memory_bytes(), kMost));
  }
  promises.deadline_s = request.deadline_s;
  return promises;
}

/// What one memory has for the work: as LevelOffer's fields.
struct MemoryOffer {
  int64_t needed_bytes = 0;
  int64_t available_bytes = 0;
  int64_t device_bytes = 0;
  std::optional<int64_t> limit_bytes = {};
};

/// The one that stands in the way first. One that can never be enough goes before one that is short now: waiting would not help. `most_bytes`: of either that the
/// client allows.
const MemoryOffer& TighterOf(const MemoryOffer& a, const MemoryOffer& b, int64_t most_bytes) {
  const auto ever = [most_bytes](const MemoryOffer& memory) { return std::min(memory.device_bytes, most_bytes) - memory.needed_bytes; };
  const auto now = [](const MemoryOffer& memory) { return memory.available_bytes - memory.needed_bytes; };
  if (ever(a) < 0 || ever(b) < 0) return ever(b) < ever(a) ? b : a;
  return now(b) < now(a) ? b : a;
}

int64_t FreeOf(const MemoryBudget& budget) { return budget.limit_bytes() - budget.reserved_bytes() - budget.weight_bytes(); }

/// Of a GPU no more than it says of itself: other processes may fill it at any time. What kGpuMargin is for is in use by then, or has been left off the limit.
int64_t FreeOn(Device& device) {
  const int64_t unreserved = FreeOf(device.memory());
  return device.on_host() ? unreserved : std::min(unreserved, device.OwnMemory().free.value_or(unreserved));
}

/// Whether the host's limit is the device's, as it alone is on the host and may have all of it.
bool HasTheHostForItself(Device& device, ServiceParts& parts) {
  if (!device.on_host() || device.memory().limit_bytes() != parts.memory.limit_bytes()) return false;
  return std::count_if(parts.devices.begin(), parts.devices.end(), [](const Device& other) { return other.on_host(); }) == 1;
}

/// Of a device with memory of its own, `most_bytes` of which a request can ever have: as many patches at once as it is set to where that is enough, else one, else the host sums. What is
/// free now decides nothing: equal requests have equal answers for as long as the same levels are loaded by name.
int64_t BytesOnDevice(TaskPlan& plan, const Geometry& geometry, int64_t most_bytes) {
  SegmentOptions& options = plan.options.segment;
  if (plan.DeviceBytes(geometry) > most_bytes) options.patches_at_once = 1;
  if (plan.DeviceBytes(geometry) > most_bytes) options.sum_on_device = false;
  return plan.DeviceBytes(geometry);
}

/// Nothing where the level's card says nothing of such a device.
std::optional<double> SecondsByCard(const ServedLevel& level, const CatalogueModel& model, Device& device) {
  if (!level.card) return {};
  const ServedLevel& original = model.original();
  const std::optional<double> original_s = device.times().KnownPatchSeconds({model.model().task, original.name});
  return PatchSecondsByCard(*level.model, *level.card, original.card ? &*original.card : nullptr,
                            {.device = device.kind(), .threads = device.threads(), .precision = device.precision(), .original_s = original_s});
}

/// What a request's levels would take on each device, as its queue and its memory are now.
class Offers {
 public:
  Offers(const LevelRequest& request, const Geometry& geometry, const PolicySettings& settings, ServiceParts& parts)
      : request_(request), geometry_(geometry), settings_(settings), promises_(PromisesOf(request)), parts_(parts) {}

  /// The level on every device; on none where it can be loaded on none.
  void Add(const ServedLevel& level, std::optional<double> quality) {
    if (!level.ready()) {
      failure_ = "level = " + level.name + ": could not be loaded: " + level.error;
      return;
    }
    for (size_t place = 0; place < parts_.devices.size(); ++place) AddOn(place, level, quality);
  }

  /// The level on these devices; on every device where it can run on none of them, ever or while they are stuck.
  void AddOnOneOf(const std::vector<size_t>& places, const ServedLevel& level) {
    for (const size_t place : places) AddOn(place, level, 1);
    const auto can_run = [](const LevelOffer& offer) { return offer.needed_bytes <= offer.device_bytes; };
    if (std::any_of(offers_.begin(), offers_.end(), can_run)) return;
    offers_.clear();
    candidates_.clear();
    turns_.clear();
    Add(level, 1);
  }

  /// Where nothing can be offered as devices are stuck or levels cannot be loaded, rather than for the request's own promises.
  void ThrowIfAllFailed() const {
    ThrowIfAllStuck();
    if (offers_.empty() && !failure_.empty()) throw Error(ErrorCode::kFailedPrecondition, failure_);
  }

  /// Before the volume has come, too: a client would send all of it, and its library several times.
  void ThrowIfAllStuck() const {
    if (offers_.empty() && !stuck_.empty()) throw Error(ErrorCode::kUnavailable, "device " + stuck_ + ": another request stands still there, and no other device can serve this one; try another server");
  }

  /// As Choose() would, where and only where memory keeps all of them out for good.
  void RefuseIfNoneEverFits() const {
    const std::vector<Judged> judged = JudgeOffers(offers_, promises_, settings_);
    const auto never_fits = [](const Judged& one) { return one.obstacle == Obstacle::kMemoryEver; };
    if (!stuck_.empty()) return;  // it may fit there
    if (!judged.empty() && std::all_of(judged.begin(), judged.end(), never_fits)) Refuse(RefuseOffers(judged, offers_, promises_, settings_));
  }

  Admission Choose() {
    const LevelVerdict verdict = ChooseOffer(promises_, offers_, settings_);
    Admission admission;
    if (verdict.offer) {
      admission.level = std::move(candidates_[*verdict.offer]);
      admission.level.reason = request_.asked != nullptr ? LevelReason::kAsked : verdict.reason;
      admission.turn = turns_[*verdict.offer];
      for (const OfferInstead& other : OffersInstead(promises_, offers_, *verdict.offer, settings_)) {
        AdmittedLevel& level = candidates_[other.place];
        if (!level.loaded || !HasRoomFor(level, admission.level)) continue;
        level.reason = other.reason;
        admission.instead.push_back(std::move(level));
      }
    }
    if (verdict.refusal && verdict.refusal->retry_after_s && !request_.is_tried_again) ExpectAgain(*verdict.refusal->retry_after_s);
    if (request_.asked == nullptr && parts_.choices != nullptr) Record(verdict);
    if (verdict.refusal) Refuse(*verdict.refusal);
    Foretell(admission);
    return admission;
  }

 private:
  Turn TurnOfRequest() const {
    Turn turn{.priority = request_.header.priority(), .client = request_.client, .slower = 1 + settings_.deadline_margin};
    const double limit_s = TimeLimit(promises_);
    if (limit_s < kLongestAhead) turn.ends_by = TimeAhead(limit_s, now_);
    return turn;
  }

  /// Whether memory could be set aside for either: of what is free, as nothing is unloaded for a level that may never run.
  bool HasRoomFor(const AdmittedLevel& level, const AdmittedLevel& chosen) const {
    if (!chosen.loaded) return level.peak_bytes <= chosen.peak_bytes && level.device_bytes <= chosen.device_bytes;  // its weights take of what is free
    return level.peak_bytes <= std::max(chosen.peak_bytes, FreeOf(parts_.memory)) && level.device_bytes <= std::max(chosen.device_bytes, FreeOn(parts_.devices.at(level.place)));
  }

  /// What is told to the client is what is likely: that nobody steps down, unless its promise demands that.
  void Foretell(Admission& admission) const {
    AdmittedLevel& level = admission.level;
    double least_s = level.service_s;
    for (const AdmittedLevel& other : admission.instead) least_s = std::min(least_s, other.service_s);
    admission.turn.least_s = least_s;
    const double likely_s = parts_.devices.at(level.place).queue().SecondsBefore(admission.turn) + level.service_s;
    level.finish_s = std::max(std::min(likely_s, TimeLimit(promises_)), level.service_s);
  }

  void AddOn(size_t place, const ServedLevel& level, std::optional<double> quality) {
    Device& device = parts_.devices.at(place);
    AdmittedLevel candidate{.level = &level, .place = place, .plan = PlanFor(level, request_, device, parts_), .levels = {&level}};
    for (const std::string& task : candidate.plan.OtherTasks()) candidate.levels.push_back(request_.view.FindOriginal(task));
    const LevelRoom room = parts_.catalogue.RoomFor(candidate.levels, place);
    if (!room.error.empty()) {
      failure_ = "level = " + level.name + ": cannot be loaded on " + device.name() + ", or a model that it needs cannot: " + room.error;
      return;
    }
    if (parts_.stalls.IsStuck(place)) {  // its queue looks empty before long, and never moves
      stuck_ = device.name();
      return;
    }
    candidate.size = {candidate.plan.MostPatches(geometry_), geometry_.VoxelCount()};
    // What a device with memory of its own has room for settles who sums, and with it what the host holds.
    if (!device.on_host()) candidate.device_bytes = BytesOnDevice(candidate.plan, geometry_, device.memory().limit_bytes() - room.lasting_bytes - room.missing_bytes);
    // Of this request alone: each sets its own aside before it has its place in the queue, so two that are under way at once never need more than what is set aside.
    const NetworkMemory networks = device.on_host() ? NetworkMemory::kHost : NetworkMemory::kDevice;
    candidate.peak_bytes = std::max(candidate.plan.PeakBytes(geometry_, networks), LabelMapBytes(geometry_) + request_.answer_bytes);
    if (device.on_host()) candidate.device_bytes = candidate.peak_bytes;
    candidate.loaded = room.missing_bytes == 0 && room.load_s == 0;
    candidate.quality = quality.value_or(0);
    candidate.service_s = room.load_s + device.times().Foretell({request_.model.model().task, level.name}, candidate.size, SecondsByCard(level, request_.model, device));
    const MemoryOffer host{.needed_bytes = candidate.peak_bytes + (device.on_host() ? room.missing_bytes : 0),
                           .available_bytes = FreeOf(parts_.memory) + room.leaving_on_host_bytes,
                           .device_bytes = parts_.memory.limit_bytes() - request_.held_bytes - room.lasting_on_host_bytes,
                           .limit_bytes = HasTheHostForItself(device, parts_) ? std::optional(parts_.memory.limit_bytes()) : std::nullopt};
    const MemoryOffer own{.needed_bytes = candidate.device_bytes + room.missing_bytes,
                          .available_bytes = FreeOn(device) + room.leaving_bytes,
                          .device_bytes = device.memory().limit_bytes() - room.lasting_bytes,
                          .limit_bytes = device.memory().limit_bytes()};
    Turn turn = TurnOfRequest();
    turn.foretold_s = candidate.service_s;
    QueueRoom queue = device.queue().RoomFor(turn);
    if (!turn.ends_by && candidate.service_s > queue.most_s) {
      turn.gives_way = true;
      queue = device.queue().RoomFor(turn);
    }
    const MemoryOffer& memory = TighterOf(host, own, promises_.max_memory_bytes.value_or(std::numeric_limits<int64_t>::max()));
    offers_.push_back({.level = level.name,
                       .device = device.name(),
                       .quality = quality,
                       .service_s = candidate.service_s,
                       .queue_s = queue.before_s,
                       .spare_s = std::isfinite(queue.most_s) ? std::optional(queue.most_s) : std::nullopt,
                       .queue_full = device.queue().full(),
                       .client_places = device.queue().PlacesHeldBy(request_.client),
                       .needed_bytes = memory.needed_bytes,
                       .available_bytes = memory.available_bytes,
                       .device_bytes = memory.device_bytes,
                       .limit_bytes = memory.limit_bytes});
    candidates_.push_back(std::move(candidate));
    turns_.push_back(std::move(turn));
  }

  /// On the devices that could serve it, but for what waits: from now to the time that it will have promised then. Not only to the time at which it comes: that is soon over where little is missing, and then
  /// as little is missing again. Not where its client holds all its places: nobody's level goes down for one who asks for more than its share.
  void ExpectAgain(double after_s) const {
    const double limit_s = TimeLimit(promises_);
    const double within_s = after_s + (std::isfinite(limit_s) ? limit_s : 0);
    std::set<size_t> expecting;
    for (const Judged& one : JudgeOffers(offers_, promises_, settings_)) {
      if (one.obstacle == Obstacle::kQueue && !one.offer->client_places) expecting.insert(candidates_[one.place].place);
    }
    for (const size_t place : expecting) parts_.devices.at(place).queue().ExpectAgain(TurnOfRequest(), within_s);
  }

  /// A record that there is no memory for is worth no request.
  void Record(const LevelVerdict& verdict) noexcept {
    try {
      parts_.choices->Write({.task = request_.model.model().task,
                             .promises = promises_,
                             .settings = settings_,
                             .held_bytes = request_.held_bytes,
                             .offers = std::move(offers_),
                             .verdict = verdict});
    } catch (...) {
    }
  }

  [[noreturn]] void Refuse(const ChoiceRefusal& refusal) const {
    const bool would_choose_another = request_.resumes_choice && !refusal.retry_after_s;
    throw Error(refusal.code, refusal.message + (would_choose_another ? kHowNotToResume : "")).RetryAfter(refusal.retry_after_s).AtLimit(refusal.byte_limit);
  }

  const LevelRequest& request_;
  const Geometry& geometry_;
  const PolicySettings settings_;
  const LevelPromises promises_;
  ServiceParts& parts_;
  const Turn::Clock::time_point now_ = Turn::Clock::now();
  std::vector<LevelOffer> offers_;
  std::vector<AdmittedLevel> candidates_;  // of the offers, each in its place
  std::vector<Turn> turns_;                // likewise
  std::string failure_;  // why the last level that is not among them is not
  std::string stuck_;    // the last device that they are not offered on as work on it stands still
};

/// Every level that the request may have, on every device that it may have it on.
Offers OffersOf(const LevelRequest& request, const Geometry& geometry, ServiceParts& parts) {
  // Who names a level has settled its accuracy: what was measured of it decides nothing. Who resumes what a server has chosen has not.
  const bool named = request.asked != nullptr && !request.resumes_choice;
  Offers offers(request, geometry, {.min_quality = named ? 0 : parts.config.min_quality, .deadline_margin = parts.config.deadline_margin}, parts);
  if (named) {
    request.places.empty() ? offers.Add(*request.asked, 1) : offers.AddOnOneOf(request.places, *request.asked);
    return offers;
  }
  const std::vector<std::string> structures(request.header.structures().begin(), request.header.structures().end());
  const bool phantoms_count = parts.config.allow_phantom_quality || request.model.model().provenance.phantoms;
  for (const ServedLevel& level : request.model.levels) {
    if (request.resumes_choice && &level != request.asked) continue;
    if (const std::optional<double> quality = LevelQuality(level, structures, phantoms_count)) offers.Add(level, quality);
  }
  return offers;
}

}  // namespace

int64_t LabelMapBytes(const Geometry& geometry) { return geometry.VoxelCount() * static_cast<int64_t>(sizeof(uint16_t)); }

TaskPlan PlanFor(const ServedLevel& level, const LevelRequest& request, const Device& device, const ServiceParts& parts) {
  const auto others = [&request](const std::string& task) { return request.view.FindModel(task); };
  TaskOptions options = TaskOptionsOf(request.header, request.model.model(), parts.config.accumulation, device.threads());
  options.segment.patches_at_once = device.patches_at_once();
  return PlanTask(*level.model, others, std::move(options));
}

std::vector<size_t> PlacesForAll(const std::vector<const ServedLevel*>& levels, ServiceParts& parts) {
  std::vector<size_t> places;
  for (size_t place = 0; place < parts.devices.size(); ++place) {
    const auto can_be_loaded = [&](const ServedLevel* level) { return parts.catalogue.RoomFor({level}, place).error.empty(); };
    if (std::all_of(levels.begin(), levels.end(), can_be_loaded)) places.push_back(place);
  }
  return places;
}

Admission AdmitLevel(const LevelRequest& request, const Geometry& geometry, ServiceParts& parts) {
  Offers offers = OffersOf(request, geometry, parts);
  offers.ThrowIfAllFailed();
  return offers.Choose();
}

void RefuseIfNeverFits(const LevelRequest& request, const Geometry& geometry, ServiceParts& parts) {
  const auto offers = OffersOf(request, geometry, parts);
  offers.ThrowIfAllStuck();
  offers.RefuseIfNoneEverFits();
}

}  // namespace tuckerseg
