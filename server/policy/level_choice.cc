#include "server/policy/level_choice.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "server/policy/choice_refusal.h"
#include "server/policy/judged_offer.h"

namespace tuckerseg {
namespace {

LevelReason ReasonOf(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::kQueue: return LevelReason::kQueue;
    case Obstacle::kDeadline: return LevelReason::kDeadline;
    case Obstacle::kMemoryNow:
    case Obstacle::kMemoryEver: return LevelReason::kMemory;
    case Obstacle::kNone: break;
  }
  return LevelReason::kQuality;
}

bool MayServeOnceFree(const Judged& one) { return one.obstacle == Obstacle::kNone || one.obstacle == Obstacle::kQueue; }

/// Why none of the more accurate ones: what stood least in the way of the most accurate of them, on any device. `waiting_counts`: else those that only what waits stands in the way of
/// are no reason.
LevelReason ReasonFor(const Judged& chosen, const std::vector<Judged>& judged, std::span<const LevelOffer> offers, bool waiting_counts = true) {
  const auto other = [&](const LevelOffer& one) { return one.quality && one.level != chosen.offer->level; };
  if (std::none_of(offers.begin(), offers.end(), other)) return LevelReason::kOnly;
  const Judged* passed = nullptr;
  for (const Judged& one : judged) {
    if (one.quality <= chosen.quality) continue;
    if (!waiting_counts && MayServeOnceFree(one)) continue;
    if (passed == nullptr || std::tuple(-one.quality, one.obstacle) < std::tuple(-passed->quality, passed->obstacle)) passed = &one;
  }
  return passed == nullptr ? LevelReason::kQuality : ReasonOf(passed->obstacle);
}

}  // namespace

LevelVerdict ChooseOffer(const LevelPromises& promises, std::span<const LevelOffer> offers, const PolicySettings& settings) {
  const std::vector<Judged> judged = JudgeOffers(offers, promises, settings);
  if (const Judged* best = BestOf(judged)) {
    return {.offer = best->place, .reason = ReasonFor(*best, judged, offers), .finish_s = best->offer->queue_s + best->offer->service_s, .refusal = {}};
  }
  return {.offer = {}, .refusal = RefuseOffers(judged, offers, promises, settings)};
}

std::vector<OfferInstead> OffersInstead(const LevelPromises& promises, std::span<const LevelOffer> offers, size_t chosen, const PolicySettings& settings) {
  std::vector<Judged> here = JudgeOffers(offers, promises, settings);
  std::erase_if(here, [&](const Judged& one) { return one.offer->device != offers[chosen].device; });
  std::vector<OfferInstead> instead;
  for (const Judged& one : here) {
    if (MayServeOnceFree(one) && one.place != chosen) instead.push_back({one.place, ReasonFor(one, here, offers, /*waiting_counts=*/false)});
  }
  return instead;
}

}  // namespace tuckerseg
