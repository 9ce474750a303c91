#include "compression/rank/budget.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <set>
#include <sstream>

#include "compression/rank/level.h"
#include "compression/rank/pays.h"
#include "compression/rank/rewrite.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

/// Where the rank of some layer steps up, ascending; the last is 1.
std::vector<double> Steps(const std::vector<Network>& networks, int64_t grid) {
  std::set<double> steps{1.0};
  for (const Network& network : networks)
    for (const Layer& layer : network.graph.layers) {
      if (!CanBeDecomposed(layer.kind)) continue;
      for (const int64_t channels : {layer.in_channels, layer.out_channels})
        for (int64_t rank = grid; rank < channels; rank += grid) steps.insert(static_cast<double>(rank) / static_cast<double>(channels));
    }
  return {steps.begin(), steps.end()};
}

/// The plan without the layers whose Tucker form is not cheaper in the budget's unit: one of fewer parameters can take more bytes (float32 factors of a
/// float16 kernel) or more time.
RankPlan WhereCheaper(const Network& network, RankPlan plan, const LayerCost& cost) {
  const std::vector<Size3> shapes = FeatureShapes(network.graph, network.patch);
  for (const Layer& layer : network.graph.layers) {
    const auto found = plan.find(layer.name);
    if (found == plan.end()) continue;
    const Size3& input_shape = shapes[static_cast<size_t>(layer.inputs.front())];
    if (cost(InTuckerForm(layer, found->second), input_shape) >= cost(layer, input_shape)) plan.erase(found);
  }
  return plan;
}

FactorPlan PlanAt(const std::vector<Network>& networks, const std::vector<LayerCost>& costs, double whole, double factor, int64_t grid) {
  FactorPlan result{factor, {}, 1};
  for (size_t i = 0; i < networks.size(); ++i) {
    const Network& network = networks[i];
    RankPlan plan;
    for (const Layer& layer : network.graph.layers) {
      if (!CanBeDecomposed(layer.kind)) continue;
      plan[layer.name] = {RankAt(layer.in_channels, factor, 1, grid), RankAt(layer.out_channels, factor, 1, grid)};
    }
    result.plans.push_back(WhereCheaper(network, WherePays(network.graph, plan, network.patch), costs.at(i)));
  }
  result.share = CostOf(WithRanks(networks, result.plans), costs) / whole;
  return result;
}

}  // namespace

std::vector<Network> WithRanks(const std::vector<Network>& networks, const std::vector<RankPlan>& plans) {
  std::vector<Network> rewritten;
  for (size_t i = 0; i < networks.size(); ++i) rewritten.push_back({WithRanks(networks[i].graph, plans.at(i)), networks[i].patch});
  return rewritten;
}

FactorPlan FactorForBudget(const std::vector<Network>& networks, const std::vector<LayerCost>& costs, double budget, int64_t grid) {
  CheckBudget(budget);
  OnGrid(1, grid, 1);  // refuses a grid below 1
  const std::vector<double> steps = Steps(networks, grid);
  const double whole = CostOf(networks, costs);
  FactorPlan best = PlanAt(networks, costs, whole, steps.front(), grid);
  if (best.share > budget) RefuseBudget(budget, best.share, "the least that ranks of " + std::to_string(grid) + " come to; a smaller grid allows less");
  size_t fits = 0;
  size_t too_dear = steps.size();
  while (too_dear - fits > 1) {
    const size_t middle = (fits + too_dear) / 2;
    FactorPlan plan = PlanAt(networks, costs, whole, steps[middle], grid);
    if (plan.share > budget) {
      too_dear = middle;
    } else {
      fits = middle;
      best = std::move(plan);
    }
  }
  return best;
}

void CheckBudget(double budget) {
  if (budget > 0 && budget <= 1) return;
  std::ostringstream text;
  text << "budget = " << budget << ": must be in (0, 1]";
  throw Error(ErrorCode::kInvalidArgument, text.str());
}

void RefuseBudget(double budget, double least, const std::string& why) {
  std::ostringstream text;
  text << "budget = " << budget << ": must be at least " << std::fixed << std::setprecision(4) << std::ceil(least * 1e4) / 1e4 << ", " << why;
  throw Error(ErrorCode::kInvalidArgument, text.str());
}

}  // namespace tuckerseg
