/// Which level serves a request, and on which device: the most accurate one that keeps every promise. A pure function of what is known at
/// admission, so that it can be tested by tables and replayed from records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/error.h"
#include "server/policy/level_reason.h"

namespace tuckerseg {

/// What a request asks of the server's choice. What is absent is not asked.
struct LevelPromises {
  std::optional<double> min_quality;   ///< CardDice::quality, in [0, 1]
  std::optional<double> max_latency_s; ///< from admission to the whole label map: what is left of it by then
  std::optional<double> deadline_s;    ///< seconds that are left of the call
  std::optional<int64_t> max_memory_bytes;
  bool operator==(const LevelPromises&) const = default;
};

/// One level of the request's model on one device, as foretold for the request's volume.
struct LevelOffer {
  std::string level;
  std::string device;
  std::optional<double> quality;   ///< 1 for the original; none: not measured, or not on data that count
  double service_s = 0;            ///< of the work alone, loading its weights included where they are not there
  double queue_s = 0;              ///< until the device is free for this request, where all that waits before it steps down as far as it may
  /// The longest that the work may take, so that its client's own that is as urgent, and that it would go before, keeps its promises; none: as long as it likes.
  std::optional<double> spare_s = {};
  bool queue_full = false;
  /// How many places in the device's queue the request's client may hold, where it holds them all; none: it may have one more.
  std::optional<int64_t> client_places = {};
  int64_t needed_bytes = 0;        ///< at its peak, weights that are not there yet included
  int64_t available_bytes = 0;     ///< when its turn comes: without what must stay
  int64_t device_bytes = 0;        ///< that the device has for this server at all, beside the volume and weights that stay
  /// That the device has with them, where `device_bytes` are of that; none: they are of the host's memory, of which the device has no settled part, or nobody can tell. Nothing is chosen by it.
  std::optional<int64_t> limit_bytes = {};
  bool operator==(const LevelOffer&) const = default;

  /// Whether there is a place in the queue for the request.
  bool has_place() const { return !queue_full && !client_places; }
};

/// What the operator has settled.
struct PolicySettings {
  double min_quality = 0;          ///< no request that leaves the choice is served below it
  double deadline_margin = 0.2;    ///< share by which times are foretold too short at times
  bool operator==(const PolicySettings&) const = default;
};

/// Why no level can serve a request, and what would be possible.
struct ChoiceRefusal {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;                  ///< names the promises, their values and what could be promised
  std::optional<double> retry_after_s;  ///< where waiting helps
  LevelReason reason = LevelReason::kQuality;  ///< what stands least in the way: kQuality (the floor), kDeadline, kQueue or kMemory
  /// Where it is memory: what the nearest offer needs, and what the client allows or, where that is enough, the device has at all.
  std::optional<ByteLimit> byte_limit = {};
  bool operator==(const ChoiceRefusal&) const = default;
};

struct LevelVerdict {
  std::optional<size_t> offer;  ///< place of the chosen one; none: refused
  LevelReason reason = LevelReason::kOnly;
  double finish_s = 0;          ///< until its label map is foretold to be there
  std::optional<ChoiceRefusal> refusal;
  bool operator==(const LevelVerdict&) const = default;
};

/// An offer that may serve in place of the chosen one.
struct OfferInstead {
  size_t place = 0;
  LevelReason reason = LevelReason::kQuality;  ///< why none that is more accurate, where what waits does not matter
  bool operator==(const OfferInstead&) const = default;
};

/// Those on the chosen one's device that may serve in its place once the request's turn has come: accurate enough, with the memory that is there now, fast enough for an idle device.
/// In the order of `offers`, the chosen one left out.
std::vector<OfferInstead> OffersInstead(const LevelPromises& promises, std::span<const LevelOffer> offers, size_t chosen, const PolicySettings& settings = {});

/// Of the offers with a quality of at least the asked and the settled floor: the most accurate that fits into memory and ends in time. Of several as
/// accurate the one that ends first, then the one that needs least memory, then by names, so that the order of offers decides nothing.
/// Refuses with kFailedPrecondition where the floor alone stands in the way, kDeadlineExceeded where none is fast enough on an idle device, kResourceExhausted for memory and
/// for what waits, with `retry_after_s` where and only where that passes by waiting. Where other promises would be kept the message names all that one offer needs, rounded to
/// the side that is kept: who promises that is served with these same offers, at once, or `once it is free`, as the message then says of the device.
LevelVerdict ChooseOffer(const LevelPromises& promises, std::span<const LevelOffer> offers, const PolicySettings& settings = {});

}  // namespace tuckerseg
