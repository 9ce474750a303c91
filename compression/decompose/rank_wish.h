/// How cheap a variant is to be, and which ranks that means: what `decompose` is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "compression/rank/architecture.h"
#include "compression/rank/layer_cost.h"
#include "compression/rank/rank_pair.h"
#include "engine/model/bundle.h"

namespace tuckerseg {

/// The paper's downsampling factor, for all layers.
struct FactorWish {
  double factor = 1;
};
/// The share of the squared singular values of each mode that is kept.
struct EnergyWish {
  double energy = 1;
};
enum class BudgetUnit { kParameters, kMultiplyAdds, kBytes, kLatency };
/// The share of what the whole network costs.
struct BudgetWish {
  BudgetUnit unit = BudgetUnit::kMultiplyAdds;
  double share = 1;
};
using RankWish = std::variant<FactorWish, EnergyWish, BudgetWish>;

/// "params=0.2", "flops=0.2", "bytes=0.2" or "latency=0.3". Errors: kInvalidArgument that says what is right.
BudgetWish ParseBudget(const std::string& text);

/// The number that the variant is asked for by: the factor, or the share of a budget; nothing for an energy.
std::optional<double> LevelNumber(const RankWish& wish);

/// The unit that a budget is counted in; nothing for other wishes.
std::optional<BudgetUnit> BudgetUnitOf(const RankWish& wish);

/// The parts' graphs with their patches.
std::vector<Network> NetworksOf(const Model& model);

struct RankOptions {
  int64_t grid = 1;
  TensorType type = TensorType::kFloat32;  ///< that factors and cores will be stored as: float32 or float16
  int threads = 1;
  LayerCost seconds;                       ///< of one layer, for budgets of latency
};

/// Ranks of every part by the weights alone: the paper's rule for a level (exactly so at grid 1), the singular values of the first
/// fold for an energy, one factor for all layers for a budget.
/// Errors: as PaperRanks, RanksForEnergy, BudgetCosts and FactorForBudget.
std::vector<RankPlan> RanksByWeights(const Bundle& bundle, const RankWish& wish, const RankOptions& options);

}  // namespace tuckerseg
