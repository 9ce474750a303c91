#include "server/policy/judged_offer.h"

#include <algorithm>
#include <limits>

namespace tuckerseg {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// What never passes goes before what does: who waits for memory must not be too late on an idle device then.
Obstacle ObstacleOf(const Judged& judged, const LevelPromises& promises) {
  const LevelOffer& offer = *judged.offer;
  if (offer.needed_bytes > std::min(offer.device_bytes, promises.max_memory_bytes.value_or(offer.device_bytes))) return Obstacle::kMemoryEver;
  if (judged.idle_s > TimeLimit(promises)) return Obstacle::kDeadline;
  if (offer.needed_bytes > offer.available_bytes) return Obstacle::kMemoryNow;
  if (!offer.has_place() || !judged.leaves_promises() || judged.finish_s > TimeLimit(promises)) return Obstacle::kQueue;
  return Obstacle::kNone;
}

}  // namespace

double TimeLimit(const LevelPromises& promises) { return std::min(promises.max_latency_s.value_or(kNever), promises.deadline_s.value_or(kNever)); }

double Floor(const LevelPromises& promises, const PolicySettings& settings) { return std::max(settings.min_quality, promises.min_quality.value_or(0)); }

std::vector<Judged> JudgeOffers(std::span<const LevelOffer> offers, const LevelPromises& promises, const PolicySettings& settings) {
  const double floor = Floor(promises, settings);
  const double slower = 1 + settings.deadline_margin;
  std::vector<Judged> judged;
  for (size_t i = 0; i < offers.size(); ++i) {
    const LevelOffer& offer = offers[i];
    if (!offer.quality || *offer.quality < floor) continue;
    judged.push_back({.place = i, .offer = &offer, .quality = *offer.quality, .idle_s = offer.service_s * slower, .finish_s = (offer.queue_s + offer.service_s) * slower});
    judged.back().obstacle = ObstacleOf(judged.back(), promises);
  }
  return judged;
}

const Judged* BestOf(const std::vector<Judged>& judged) {
  const Judged* best = nullptr;
  for (const Judged& one : judged)
    if (one.obstacle == Obstacle::kNone && (best == nullptr || one.rank() < best->rank())) best = &one;
  return best;
}

}  // namespace tuckerseg
