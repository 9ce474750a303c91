/// Which requests come when: drawn before the load begins, so that what the server does changes none of them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "tests/load/workload.h"

namespace tuckerseg::load {

/// What a client does beside asking.
enum class ClientKind {
  kPlain,
  kSendsSlowly,  ///< pauses before each piece of its volume
  kReadsSlowly,  ///< pauses before each message of the label map
  kVanishes,     ///< cancels
};

struct PlannedRequest {
  double at_s = 0;  ///< of its arrival, after the load's begin
  size_t volume = 0;  ///< place among the workload's
  size_t level = 0;
  std::optional<double> deadline_s;  ///< from its arrival
  int priority = 0;
  ClientKind client = ClientKind::kPlain;
  double client_s = 0;  ///< of each pause, or from sending to vanishing
  bool operator==(const PlannedRequest&) const = default;
};

/// Poisson arrivals at `rate_per_s` over the workload's duration, in order. `unloaded_s`: what each volume takes at `original` without load.
/// The same workload and numbers give the same plan. Another rate spreads the same requests differently; other levels leave arrivals, volumes,
/// deadlines and clients as they are, so that levels are compared under one load.
std::vector<PlannedRequest> PlanArrivals(const Workload& workload, double rate_per_s, std::span<const double> unloaded_s);

}  // namespace tuckerseg::load
