/// The offers of levels, each with what keeps it from a request's promises: what the choice and its refusals are made of.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "server/policy/level_choice.h"

namespace tuckerseg {

/// What stands between an offer and a promise; the least of all on top.
enum class Obstacle { kNone, kQueue, kDeadline, kMemoryNow, kMemoryEver };

struct Judged {
  size_t place = 0;  ///< among the offers
  const LevelOffer* offer = nullptr;
  double quality = 0;
  double idle_s = 0;    ///< of the work alone, with the margin
  double finish_s = 0;  ///< likewise, behind what waits
  Obstacle obstacle = Obstacle::kNone;

  bool fits_device() const { return offer->needed_bytes <= offer->device_bytes; }
  /// Whether all that it would go before keeps its promises.
  bool leaves_promises() const { return offer->service_s <= offer->spare_s.value_or(offer->service_s); }
  /// Whether it can be queued as things are, if its own promise allows it.
  bool can_start() const { return offer->needed_bytes <= offer->available_bytes && offer->has_place() && leaves_promises(); }
  /// What must be promised: the time of an idle device says nothing of now, where the request could be queued behind what waits.
  double needed_s() const { return can_start() ? finish_s : idle_s; }

  /// Better first, whatever the order of offers.
  std::tuple<double, double, int64_t, const std::string&, const std::string&> rank() const { return {-quality, finish_s, offer->needed_bytes, offer->level, offer->device}; }
};

/// Seconds that the shortest promise of time leaves; infinite without one.
double TimeLimit(const LevelPromises& promises);

/// The least quality that counts: the asked or the settled one, whichever is higher.
double Floor(const LevelPromises& promises, const PolicySettings& settings);

/// Those whose quality is known and reaches the floor, in the order of `offers`, which must outlive what is returned.
std::vector<Judged> JudgeOffers(std::span<const LevelOffer> offers, const LevelPromises& promises, const PolicySettings& settings);

/// The first in rank that nothing stands in the way of; null: none.
const Judged* BestOf(const std::vector<Judged>& judged);

}  // namespace tuckerseg
