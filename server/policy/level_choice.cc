#include "server/policy/level_choice.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <tuple>
#include <vector>

namespace tuckerseg {
namespace {

constexpr int64_t kMebibyte = 1 << 20;
constexpr double kNever = std::numeric_limits<double>::infinity();

/// What stands between an offer and a promise; the least of all on top.
enum class Obstacle { kNone, kQueue, kDeadline, kMemoryNow, kMemoryEver };

struct Judged {
  size_t place = 0;
  const LevelOffer* offer = nullptr;
  double quality = 0;
  double idle_s = 0;    ///< with the margin
  double finish_s = 0;  ///< likewise, behind what waits
  Obstacle obstacle = Obstacle::kNone;
};

double TimeLimit(const LevelPromises& promises) { return std::min(promises.max_latency_s.value_or(kNever), promises.deadline_s.value_or(kNever)); }

Obstacle ObstacleOf(const Judged& judged, const LevelPromises& promises) {
  const LevelOffer& offer = *judged.offer;
  if (offer.needed_bytes > std::min(offer.device_bytes, promises.max_memory_bytes.value_or(offer.device_bytes))) return Obstacle::kMemoryEver;
  if (offer.needed_bytes > offer.available_bytes) return Obstacle::kMemoryNow;
  if (judged.idle_s > TimeLimit(promises)) return Obstacle::kDeadline;
  if (offer.queue_full || judged.finish_s > TimeLimit(promises)) return Obstacle::kQueue;
  return Obstacle::kNone;
}

std::vector<Judged> AccurateEnough(std::span<const LevelOffer> offers, const LevelPromises& promises, const PolicySettings& settings) {
  const double floor = std::max(settings.min_quality, promises.min_quality.value_or(0));
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

/// Better first.
auto Rank(const Judged& judged) {
  return std::tuple(-judged.quality, judged.finish_s, judged.offer->needed_bytes, std::tie(judged.offer->level, judged.offer->device));
}

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

/// Why none of the more accurate ones: what stood least in the way of the most accurate of them, on any device.
LevelReason ReasonFor(const Judged& chosen, const std::vector<Judged>& judged, std::span<const LevelOffer> offers) {
  const auto other = [&](const LevelOffer& one) { return one.quality && one.level != chosen.offer->level; };
  if (std::none_of(offers.begin(), offers.end(), other)) return LevelReason::kOnly;
  const Judged* passed = nullptr;
  for (const Judged& one : judged) {
    if (one.quality <= chosen.quality) continue;
    if (passed == nullptr || std::tuple(-one.quality, one.obstacle) < std::tuple(-passed->quality, passed->obstacle)) passed = &one;
  }
  return passed == nullptr ? LevelReason::kQuality : ReasonOf(passed->obstacle);
}

std::string Number(double value, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.3g%s", value, unit);
  return text;
}

std::string Bytes(int64_t bytes) { return std::to_string((bytes + kMebibyte - 1) / kMebibyte) + " MiB"; }

std::string NameOf(const LevelOffer& offer) { return offer.level + " on " + offer.device; }

template <typename Value>
const Judged& Least(const std::vector<Judged>& judged, Value&& value) {
  return *std::min_element(judged.begin(), judged.end(), [&](const Judged& a, const Judged& b) { return std::tuple(value(a), Rank(a)) < std::tuple(value(b), Rank(b)); });
}

ChoiceRefusal RefuseQuality(std::span<const LevelOffer> offers, const LevelPromises& promises, const PolicySettings& settings) {
  const double floor = std::max(settings.min_quality, promises.min_quality.value_or(0));
  double best = -1;
  for (const LevelOffer& offer : offers) best = std::max(best, offer.quality.value_or(-1));
  const std::string asked = "min_quality = " + Number(floor, "") + (promises.min_quality.value_or(0) < settings.min_quality ? " (this server's)" : "");
  if (best < 0) return {ErrorCode::kFailedPrecondition, asked + ": no level's quality was measured: a level must be asked for by name", {}};
  return {ErrorCode::kFailedPrecondition, asked + ": must be at most " + Number(best, ""), {}};
}

std::string TimePromise(const LevelPromises& promises) {
  const bool latency = promises.max_latency_s.value_or(kNever) <= promises.deadline_s.value_or(kNever);
  return latency ? "max_latency = " + Number(*promises.max_latency_s, " s") : "deadline: " + Number(*promises.deadline_s, " s left");
}

ChoiceRefusal RefuseMemory(const std::vector<Judged>& judged, const LevelPromises& promises) {
  const Judged& least = Least(judged, [](const Judged& one) { return one.offer->needed_bytes; });
  const std::string needed = Bytes(least.offer->needed_bytes) + " (" + NameOf(*least.offer) + ")";
  if (promises.max_memory_bytes && *promises.max_memory_bytes < least.offer->needed_bytes) {
    return {ErrorCode::kResourceExhausted, "max_memory_bytes = " + Bytes(*promises.max_memory_bytes) + ": must be at least " + needed, {}};
  }
  return {ErrorCode::kResourceExhausted, "volume: would need " + needed + ", more than this server has for a request", {}};
}

/// The least obstacle of all decides what is said.
ChoiceRefusal RefuseAll(const std::vector<Judged>& judged, const LevelPromises& promises) {
  Obstacle least = Obstacle::kMemoryEver;
  for (const Judged& one : judged) least = std::min(least, one.obstacle);
  std::vector<Judged> nearest;
  for (const Judged& one : judged)
    if (one.obstacle == least) nearest.push_back(one);
  switch (least) {
    case Obstacle::kQueue: {
      const Judged& first = Least(nearest, [](const Judged& one) { return one.finish_s; });
      const double limit = TimeLimit(promises);
      if (first.finish_s <= limit) {  // a place in the queue is what lacks
        return {ErrorCode::kResourceExhausted, "queue: is full", std::max(1.0, first.offer->queue_s)};
      }
      return {ErrorCode::kResourceExhausted,
              TimePromise(promises) + ": must be at least " + Number(first.finish_s, " s") + " behind what waits (" + NameOf(*first.offer) + ")",
              std::max(1.0, first.finish_s - limit)};
    }
    case Obstacle::kDeadline: {
      const Judged& first = Least(nearest, [](const Judged& one) { return one.idle_s; });
      return {ErrorCode::kDeadlineExceeded, TimePromise(promises) + ": must be at least " + Number(first.idle_s, " s") + " (" + NameOf(*first.offer) + ")", {}};
    }
    case Obstacle::kMemoryNow: {
      const Judged& first = Least(nearest, [](const Judged& one) { return one.offer->queue_s; });
      return {ErrorCode::kResourceExhausted, "memory: " + Bytes(first.offer->needed_bytes) + " are needed (" + NameOf(*first.offer) + "), " + Bytes(first.offer->available_bytes) + " are free",
              std::max(1.0, first.offer->queue_s)};
    }
    default:
      return RefuseMemory(nearest, promises);
  }
}

}  // namespace

LevelVerdict ChooseOffer(const LevelPromises& promises, std::span<const LevelOffer> offers, const PolicySettings& settings) {
  const std::vector<Judged> judged = AccurateEnough(offers, promises, settings);
  if (judged.empty()) return {.offer = {}, .refusal = RefuseQuality(offers, promises, settings)};
  const Judged* best = nullptr;
  for (const Judged& one : judged)
    if (one.obstacle == Obstacle::kNone && (best == nullptr || Rank(one) < Rank(*best))) best = &one;
  if (best == nullptr) return {.offer = {}, .refusal = RefuseAll(judged, promises)};
  return {.offer = best->place, .reason = ReasonFor(*best, judged, offers), .finish_s = best->offer->queue_s + best->offer->service_s, .refusal = {}};
}

}  // namespace tuckerseg
