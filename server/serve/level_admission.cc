#include "server/serve/level_admission.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "server/policy/level_quality.h"
#include "server/serve/segment_header.h"

namespace tuckerseg {
namespace {

LevelPromises PromisesOf(const LevelRequest& request) {
  const v1::AutomaticLevel& automatic = request.header.level().automatic();
  LevelPromises promises;
  if (automatic.min_quality() > 0) promises.min_quality = automatic.min_quality();
  if (automatic.has_max_latency()) {
    promises.max_latency_s = static_cast<double>(automatic.max_latency().seconds()) + 1e-9 * automatic.max_latency().nanos();
  }
  if (automatic.max_memory_bytes() > 0) {
    constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
    promises.max_memory_bytes = static_cast<int64_t>(std::min(automatic.max_memory_bytes(), kMost));
  }
  promises.deadline_s = request.deadline_s;
  return promises;
}

/// What the queue and the memory are now, for all levels of the request alike.
class Offers {
 public:
  Offers(const LevelRequest& request, const Geometry& geometry, ServiceParts& parts)
      : request_(request), geometry_(geometry), parts_(parts),
        queue_s_(parts.queue.SecondsBefore(request.header.priority())), queue_full_(parts.queue.full()),
        available_bytes_(parts.memory.limit_bytes() - parts.memory.reserved_bytes()) {}

  void Add(const ServedLevel& level, std::optional<double> quality) {
    AdmittedLevel candidate{.level = &level, .plan = PlanFor(level, request_.model, request_.header, parts_)};
    candidate.size = {candidate.plan.MostPatches(geometry_), geometry_.VoxelCount()};
    candidate.peak_bytes = std::max(candidate.plan.PeakBytes(geometry_), LabelMapBytes(geometry_) + request_.answer_bytes);
    candidate.service_s = parts_.times.Foretell({request_.model.model().task, level.name}, candidate.size);
    offers_.push_back({.level = level.name,
                       .device = parts_.config.device,
                       .quality = quality,
                       .service_s = candidate.service_s,
                       .queue_s = queue_s_,
                       .queue_full = queue_full_,
                       .needed_bytes = candidate.peak_bytes,
                       .available_bytes = available_bytes_,
                       .device_bytes = parts_.memory.limit_bytes() - request_.held_bytes});
    candidates_.push_back(std::move(candidate));
  }

  AdmittedLevel Choose(const PolicySettings& settings) {
    const LevelPromises promises = PromisesOf(request_);
    const LevelVerdict verdict = ChooseOffer(promises, offers_, settings);
    if (request_.asked == nullptr && parts_.choices != nullptr) Record(promises, settings, verdict);
    if (verdict.refusal) Refuse(*verdict.refusal);
    AdmittedLevel chosen = std::move(candidates_[*verdict.offer]);
    chosen.reason = request_.asked != nullptr ? LevelReason::kAsked : verdict.reason;
    chosen.finish_s = verdict.finish_s;
    return chosen;
  }

 private:
  /// A record that there is no memory for is worth no request.
  void Record(const LevelPromises& promises, const PolicySettings& settings, const LevelVerdict& verdict) noexcept {
    try {
      parts_.choices->Write({.task = request_.model.model().task,
                             .promises = promises,
                             .settings = settings,
                             .held_bytes = request_.held_bytes,
                             .offers = std::move(offers_),
                             .verdict = verdict});
    } catch (...) {
    }
  }

  [[noreturn]] static void Refuse(const ChoiceRefusal& refusal) {
    Error error(refusal.code, refusal.message);
    if (refusal.retry_after_s) throw std::move(error).RetryAfter(*refusal.retry_after_s);
    throw error;
  }

  const LevelRequest& request_;
  const Geometry& geometry_;
  ServiceParts& parts_;
  const double queue_s_;
  const bool queue_full_;
  const int64_t available_bytes_;
  std::vector<LevelOffer> offers_;
  std::vector<AdmittedLevel> candidates_;
};

}  // namespace

int64_t LabelMapBytes(const Geometry& geometry) { return geometry.VoxelCount() * static_cast<int64_t>(sizeof(uint16_t)); }

TaskPlan PlanFor(const ServedLevel& level, const LoadedModel& model, const v1::SegmentHeader& header, const ServiceParts& parts) {
  const auto others = [&parts](const std::string& task) -> const Model* {
    const Segmenter* found = parts.models.FindSegmenter(task);
    return found == nullptr ? nullptr : &found->model();
  };
  return PlanTask(level.segmenter->model(), others, TaskOptionsOf(header, model.model(), parts.config));
}

AdmittedLevel AdmitLevel(const LevelRequest& request, const Geometry& geometry, ServiceParts& parts) {
  Offers offers(request, geometry, parts);
  // Who names a level has settled its accuracy: what was measured of it decides nothing.
  if (request.asked != nullptr) {
    offers.Add(*request.asked, 1);
    return offers.Choose({.deadline_margin = parts.config.deadline_margin});
  }
  const std::vector<std::string> structures(request.header.structures().begin(), request.header.structures().end());
  const bool phantoms_count = parts.config.allow_phantom_quality || request.model.model().provenance.phantoms;
  for (const ServedLevel& level : request.model.levels) {
    const std::optional<double> quality = level.ready() ? LevelQuality(level, structures, phantoms_count) : std::nullopt;
    if (quality) offers.Add(level, quality);
  }
  return offers.Choose({.min_quality = parts.config.min_quality, .deadline_margin = parts.config.deadline_margin});
}

}  // namespace tuckerseg
