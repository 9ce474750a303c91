#include "compression/decompose/rank_wish.h"

#include <cstdlib>
#include <map>

#include "compression/decompose/budget_cost.h"
#include "compression/rank/budget.h"
#include "compression/rank/energy.h"
#include "compression/rank/level.h"
#include "compression/rank/pays.h"
#include "compression/rank/rewrite.h"
#include "compression/tucker/dense_algebra.h"
#include "compression/tucker/hosvd.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

std::vector<double> Values(const Vector& values) { return {values.data(), values.data() + values.size()}; }

std::map<std::string, ModeSpectra> SpectraOf(const ModelPart& part, const WeightStore& weights, int threads) {
  SetDenseThreads(threads);
  std::map<std::string, ModeSpectra> spectra;
  for (const Layer& layer : part.graph.layers) {
    if (!CanBeDecomposed(layer.kind)) continue;
    const ModeBases bases = BasesOf(ChannelWeightOf(layer, weights.At("fold_" + part.folds.front() + "." + layer.name + ".weight")));
    spectra[layer.name] = {Values(bases.in.values), Values(bases.out.values)};
  }
  return spectra;
}

std::vector<RankPlan> RanksOfLevel(const Bundle& bundle, const FactorWish& wish, int64_t grid) {
  std::vector<RankPlan> plans;
  for (const ModelPart& part : bundle.model.parts) plans.push_back(PaperRanks(part.graph, wish.factor, grid));
  return plans;
}

std::vector<RankPlan> RanksOfEnergy(const Bundle& bundle, const EnergyWish& wish, int64_t grid, int threads) {
  std::vector<RankPlan> plans;
  for (size_t i = 0; i < bundle.model.parts.size(); ++i) {
    const ModelPart& part = bundle.model.parts[i];
    plans.push_back(WherePays(part.graph, RanksForEnergy(part.graph, SpectraOf(part, bundle.weights[i], threads), wish.energy, grid), part.patch_size));
  }
  return plans;
}

std::vector<RankPlan> RanksOfBudget(const Bundle& bundle, const BudgetWish& wish, const RankOptions& options) {
  return FactorForBudget(NetworksOf(bundle.model), BudgetCosts(bundle, wish.unit, options.type, options.seconds), wish.share, options.grid).plans;
}

}  // namespace

BudgetWish ParseBudget(const std::string& text) {
  static const std::map<std::string, BudgetUnit> kUnits{{"params", BudgetUnit::kParameters}, {"flops", BudgetUnit::kMultiplyAdds},
                                                        {"bytes", BudgetUnit::kBytes}, {"latency", BudgetUnit::kLatency}};
  const size_t equals = text.find('=');
  const auto unit = kUnits.find(text.substr(0, equals));
  const std::string number = equals == std::string::npos ? "" : text.substr(equals + 1);
  char* end = nullptr;
  const double share = std::strtod(number.c_str(), &end);
  if (unit == kUnits.end() || number.empty() || *end != '\0' || !(share > 0 && share <= 1)) {
    throw Error(ErrorCode::kInvalidArgument, "--budget = " + text + ": must be params=X, flops=X, bytes=X or latency=X with X in (0, 1], a share of the original's");
  }
  return {unit->second, share};
}

std::optional<double> LevelNumber(const RankWish& wish) {
  if (const auto* level = std::get_if<FactorWish>(&wish)) return level->factor;
  if (const auto* budget = std::get_if<BudgetWish>(&wish)) return budget->share;
  return std::nullopt;
}

std::optional<BudgetUnit> BudgetUnitOf(const RankWish& wish) {
  const auto* budget = std::get_if<BudgetWish>(&wish);
  return budget != nullptr ? std::optional(budget->unit) : std::nullopt;
}

std::vector<Network> NetworksOf(const Model& model) {
  std::vector<Network> networks;
  for (const ModelPart& part : model.parts) networks.push_back({part.graph, part.patch_size});
  return networks;
}

std::vector<RankPlan> RanksByWeights(const Bundle& bundle, const RankWish& wish, const RankOptions& options) {
  if (const auto* level = std::get_if<FactorWish>(&wish)) return RanksOfLevel(bundle, *level, options.grid);
  if (const auto* energy = std::get_if<EnergyWish>(&wish)) return RanksOfEnergy(bundle, *energy, options.grid, options.threads);
  return RanksOfBudget(bundle, std::get<BudgetWish>(wish), options);
}

}  // namespace tuckerseg
