/// What is asked of a server under load, read from a JSON file (README.md lists its keys).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/phantom/phantom.h"
#include "tests/load/draws.h"

namespace tuckerseg::load {

inline constexpr auto kAuto = "auto";
inline constexpr auto kOriginal = "original";

/// A phantom that is sent. `share`, here and below: of the requests, in units of the sum over the list.
struct VolumeWish {
  std::string name;
  double share = 1;
  PhantomOptions phantom;
};

/// A level that is asked for: by name, or `auto` with what is promised.
struct LevelWish {
  double share = 1;
  std::string level = kAuto;
  double min_quality = 0;               ///< 0: none is asked
  std::optional<double> max_latency_s;  ///< from the last chunk to the label map

  bool automatic() const { return level == kAuto; }
};

/// How long requests may take, from their planned arrival.
struct DeadlineWish {
  enum class Unit { kNone, kSeconds, kTimesUnloaded };
  double share = 1;
  Unit unit = Unit::kNone;
  Range range;  ///< uniform; kTimesUnloaded: multiples of what the same volume takes at `original` on the idle server
};

struct PriorityWish {
  double share = 1;
  int priority = 0;
};

/// What the server is held to.
struct Promises {
  double kept_share = 0.95;      ///< least share of the admitted deadlines that are kept, where the server chooses the level
  double gain = 1.5;             ///< least ratio of requests answered in time to those of `original` alone
  double resident_growth = 0.01; ///< most growth of resident memory over the load, as a share of its mean
  double warm_up_s = 60;         ///< that pass before growth counts: allocators and thread pools fill first
};

/// How many requests come.
struct RequestRate {
  double value = 1;
  bool times_capacity = true;  ///< else requests a second

  double PerSecond(double capacity_per_s) const { return times_capacity ? value * capacity_per_s : value; }
};

struct Workload {
  uint64_t seed = 1;
  double duration_s = 60;
  RequestRate rate;
  std::string task;  ///< empty: the server's only one
  std::vector<VolumeWish> volumes;
  std::vector<LevelWish> levels{LevelWish{}};
  std::vector<DeadlineWish> deadlines{DeadlineWish{}};
  std::vector<PriorityWish> priorities{PriorityWish{}};
  double slow_share = 0;      ///< of clients that pause while they send or read
  Range slow_pause_s;         ///< each of their pauses
  double vanishing_share = 0; ///< of clients that cancel
  Range vanishing_after_s;    ///< when, from the moment they send
  int threads = 64;           ///< requests that may be under way at once
  Promises promises;

  /// Whether all levels are left to the server.
  bool automatic() const;
  /// The same with `level` alone. `auto` keeps the promises that the workload has for it.
  Workload AtLevel(const std::string& level) const;
};

/// Errors: kInvalidArgument that names the key, its value and what would be right, for what is no workload; unknown keys too.
Workload ParseWorkload(std::string_view text);

}  // namespace tuckerseg::load
