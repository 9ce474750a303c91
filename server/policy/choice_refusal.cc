#include "server/policy/choice_refusal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "server/client_share.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMebibyte = 1 << 20;
constexpr double kNever = std::numeric_limits<double>::infinity();

bool PassesByWaiting(Obstacle obstacle) { return obstacle == Obstacle::kQueue || obstacle == Obstacle::kMemoryNow; }

/// Three digits, all of them above a thousand.
std::string Digits(double value) {
  char text[48];
  std::snprintf(text, sizeof(text), std::abs(value) < 999.5 ? "%.3g" : "%.0f", value);
  return text;
}

double ThreeQuartersOfTheLastDigit(double value) { return 0.75 * (value < 999.5 ? std::pow(10, std::floor(std::log10(value)) - 2) : 1); }

/// Rounded up, and never below `value` as a client reads it: what is named must be enough.
std::string DigitsUp(double value) {
  const std::string nearest = Digits(value);
  return std::strtod(nearest.c_str(), nullptr) < value ? Digits(value + ThreeQuartersOfTheLastDigit(value)) : nearest;
}

std::string DigitsDown(double value) {
  const std::string nearest = Digits(value);
  return std::strtod(nearest.c_str(), nullptr) > value ? Digits(value - ThreeQuartersOfTheLastDigit(value)) : nearest;
}

std::string MebibytesUp(int64_t bytes) { return std::to_string((bytes + kMebibyte - 1) / kMebibyte) + " MiB"; }

std::string Mebibytes(int64_t bytes) { return std::to_string(bytes / kMebibyte) + " MiB"; }

/// The promises of time that are too short, as they were given.
std::string ShortTimes(const LevelPromises& promises, double needed_s) {
  std::string text;
  if (promises.max_latency_s.value_or(kNever) < needed_s) text = "max_latency = " + Digits(*promises.max_latency_s) + " s";
  if (promises.deadline_s.value_or(kNever) < needed_s) text += std::string(text.empty() ? "" : ", ") + "deadline: " + Digits(*promises.deadline_s) + " s left";
  return text;
}

/// All promises of time and memory that keep this offer from serving, with what they must be; empty where there is none.
std::string Needs(const Judged& one, const LevelPromises& promises) {
  const int64_t needed = one.offer->needed_bytes;
  std::string text;
  if (promises.max_memory_bytes.value_or(needed) < needed) text = "max_memory_bytes = " + Mebibytes(*promises.max_memory_bytes) + ": must be at least " + MebibytesUp(needed);
  if (one.needed_s() <= TimeLimit(promises)) return text;
  text += std::string(text.empty() ? "" : "; ") + ShortTimes(promises, one.needed_s()) + ": must be at least " + DigitsUp(one.needed_s()) + " s";
  return one.can_start() && one.offer->queue_s > 0 ? text + " behind what waits" : text;
}

std::string NameOf(const LevelOffer& offer) { return offer.level + " on " + offer.device; }

/// Which offer is spoken of, and whether what it needs is enough at once.
std::string Place(const Judged& one, const LevelPromises& promises) {
  std::string text = " (" + NameOf(*one.offer);
  if (!one.can_start()) {
    text += ", once it is free";
  } else if (one.offer->queue_s > 0 && one.idle_s > TimeLimit(promises)) {
    text += "; " + DigitsUp(one.idle_s) + " s once it is idle";
  }
  return text + ")";
}

/// The one that a refusal speaks of: what passes by waiting, then what needs the least of other promises; what can start goes before what cannot.
const Judged& Nearest(const std::vector<Judged>& judged, const LevelPromises& promises) {
  const auto distance = [&](const Judged& one) {
    switch (one.obstacle) {
      case Obstacle::kMemoryNow: return std::pair(false, one.offer->queue_s);
      case Obstacle::kMemoryEver: return std::pair(one.fits_device() && one.needed_s() > TimeLimit(promises), static_cast<double>(one.offer->needed_bytes));
      default: return std::pair(false, one.needed_s());
    }
  };
  const auto key = [&](const Judged& one) {
    return std::tuple(!PassesByWaiting(one.obstacle), one.obstacle, !one.fits_device(), !one.can_start(), distance(one), one.rank());
  };
  return *std::min_element(judged.begin(), judged.end(), [&](const Judged& a, const Judged& b) { return key(a) < key(b); });
}

/// What must stay may be more than a device has.
ByteLimit LimitOf(const LevelOffer& offer, int64_t limit_bytes) { return {.needed_bytes = offer.needed_bytes, .limit_bytes = std::max<int64_t>(limit_bytes, 0)}; }

/// Of those that are accurate enough.
ChoiceRefusal Refuse(const Judged& nearest, const LevelPromises& promises) {
  const LevelOffer& offer = *nearest.offer;
  const std::string needs = Needs(nearest, promises) + Place(nearest, promises);
  const double queue_s = std::max(1.0, offer.queue_s);
  switch (nearest.obstacle) {
    case Obstacle::kQueue:
      if (offer.queue_full) return {ErrorCode::kResourceExhausted, "queue: is full", queue_s, LevelReason::kQueue};
      if (offer.client_places) return {ErrorCode::kResourceExhausted, ShareIsHeld("queue", *offer.client_places), queue_s, LevelReason::kQueue};
      if (!nearest.leaves_promises()) {
        const double late_s = nearest.finish_s - TimeLimit(promises);
        return {ErrorCode::kResourceExhausted, "queue: what waits must end in time and leaves none (" + NameOf(offer) + ")", late_s > 0 ? std::max(1.0, late_s) : queue_s,
                LevelReason::kQueue};
      }
      return {ErrorCode::kResourceExhausted, needs, std::max(1.0, nearest.finish_s - TimeLimit(promises)), LevelReason::kQueue};
    case Obstacle::kMemoryNow:
      return {ErrorCode::kResourceExhausted,
              "memory: " + MebibytesUp(offer.needed_bytes) + " are needed (" + NameOf(offer) + "), " + Mebibytes(offer.available_bytes) + " are free", queue_s, LevelReason::kMemory,
              LimitOf(offer, offer.device_bytes)};
    case Obstacle::kDeadline:
      return {ErrorCode::kDeadlineExceeded, needs, {}, LevelReason::kDeadline};
    default:
      if (nearest.fits_device()) return {ErrorCode::kResourceExhausted, needs, {}, LevelReason::kMemory, LimitOf(offer, promises.max_memory_bytes.value_or(offer.device_bytes))};
      return {ErrorCode::kResourceExhausted,
              "volume: would need " + MebibytesUp(offer.needed_bytes) + " (" + NameOf(offer) + "), more than this server has for a request", {}, LevelReason::kMemory,
              LimitOf(offer, offer.device_bytes)};
  }
}

/// Where no offer that is accurate enough could ever serve: what could below the floor, if anything.
ChoiceRefusal RefuseForFloor(std::span<const LevelOffer> offers, const LevelPromises& promises, const PolicySettings& settings) {
  const std::string asked = "min_quality = " + Digits(Floor(promises, settings)) + (promises.min_quality.value_or(0) < settings.min_quality ? " (this server's)" : "");
  LevelPromises no_floor = promises;
  no_floor.min_quality.reset();
  const std::vector<Judged> all = JudgeOffers(offers, no_floor, {.min_quality = 0, .deadline_margin = settings.deadline_margin});
  if (all.empty()) {
    return {ErrorCode::kFailedPrecondition, asked + ": no level's quality was measured: a level must be asked for by name", {}, LevelReason::kQuality};
  }
  const auto at_most = [&](const Judged& one) { return asked + ": must be at most " + DigitsDown(one.quality); };
  if (const Judged* best = BestOf(all)) return {ErrorCode::kFailedPrecondition, at_most(*best), {}, LevelReason::kQuality};
  const Judged& nearest = Nearest(all, promises);
  if (!nearest.fits_device()) return Refuse(nearest, promises);
  const std::string needs = Needs(nearest, promises);
  return {ErrorCode::kFailedPrecondition, at_most(nearest) + (needs.empty() ? "" : "; " + needs) + Place(nearest, promises), {}, LevelReason::kQuality};
}

}  // namespace

ChoiceRefusal RefuseOffers(const std::vector<Judged>& judged, std::span<const LevelOffer> offers, const LevelPromises& promises, const PolicySettings& settings) {
  const bool some_fit = std::any_of(judged.begin(), judged.end(), [](const Judged& one) { return one.fits_device(); });
  return some_fit ? Refuse(Nearest(judged, promises), promises) : RefuseForFloor(offers, promises, settings);
}

}  // namespace tuckerseg
