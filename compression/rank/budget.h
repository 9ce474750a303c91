/// One downsampling factor for all layers, as large as a budget allows: what the paper's method makes of a budget.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compression/rank/architecture.h"
#include "compression/rank/layer_cost.h"
#include "compression/rank/rank_pair.h"

namespace tuckerseg {

/// The networks with each one's plan: plans[i] is networks[i]'s.
std::vector<Network> WithRanks(const std::vector<Network>& networks, const std::vector<RankPlan>& plans);

/// Ranks of one factor.
struct FactorPlan {
  double factor = 1;
  std::vector<RankPlan> plans;  ///< one for each network
  double share = 1;             ///< of the whole networks' cost
};

/// The largest factor whose ranks cost at most `budget` of what the networks cost whole. A rank is min(C, ceil(C * factor)) put on the grid,
/// which is the least rank too; layers for which that does not pay, or is not cheaper in the budget's unit, stay whole. Costs change only where a rank does, so
/// the factors C has steps at are bisected: exact for costs that grow with the ranks (parameters, multiply-adds, bytes). Measured ones (latency) need not at
/// every step: the answer keeps the budget, and a larger factor may too. costs[i]: networks[i]'s.
/// Errors: kInvalidArgument for a budget outside (0, 1], a grid below 1; for a budget below what the grid allows, naming the least share.
FactorPlan FactorForBudget(const std::vector<Network>& networks, const std::vector<LayerCost>& costs, double budget, int64_t grid);

/// Errors: kInvalidArgument unless `budget` is in (0, 1].
void CheckBudget(double budget);
/// "budget = 0.01: must be at least 0.0243, ...": a share that is rounded up, so that asking for it helps.
[[noreturn]] void RefuseBudget(double budget, double least, const std::string& why);

}  // namespace tuckerseg
