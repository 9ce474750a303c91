#include "compression/decompose/weight_variant.h"

#include <algorithm>
#include <set>
#include <string>

#include "compression/decompose/budget_cost.h"
#include "compression/rank/pays.h"
#include "compression/rank/rewrite.h"
#include "engine/error.h"
#include "engine/model/cost.h"

namespace tuckerseg {
namespace {

/// What a layer that a level leaves whole is in an elastic variant where the next level has it in Tucker form, at ranks `least`: as much of it as
/// still costs less than the layer, so that the level keeps its budget.
RankPair LargestThatPays(const Layer& layer, const Size3& input_shape, int64_t grid, const RankPair& least, const LayerCost& cost) {
  RankPair largest = least;
  for (const RankPair& pair : RanksThatPay(layer, input_shape, grid)) {
    if (pair.in < least.in || pair.out < least.out) continue;
    if (cost(InTuckerForm(layer, pair), input_shape) >= cost(layer, input_shape)) continue;
    if (ParameterCount(InTuckerForm(layer, pair)) > ParameterCount(InTuckerForm(layer, largest))) largest = pair;
  }
  return largest;
}

/// `larger` with the same layers as the next level and no rank below it, so that every level is a block of the one before.
RankPlan Nested(const ModelPart& part, const RankPlan& larger, const RankPlan& smaller, int64_t grid, const LayerCost& cost) {
  RankPlan nested;
  const std::vector<Size3> shapes = FeatureShapes(part.graph, part.patch_size);
  for (const Layer& layer : part.graph.layers) {
    const auto least = smaller.find(layer.name);
    if (least == smaller.end()) continue;
    const auto found = larger.find(layer.name);
    nested[layer.name] = found != larger.end() ? RankPair{std::max(found->second.in, least->second.in), std::max(found->second.out, least->second.out)}
                                               : LargestThatPays(layer, shapes[static_cast<size_t>(layer.inputs.front())], grid, least->second, cost);
  }
  return nested;
}

void Nest(const Bundle& bundle, int64_t grid, const std::vector<LayerCost>& costs, std::vector<std::vector<RankPlan>>& plans) {
  for (size_t part = 0; part < bundle.model.parts.size(); ++part)
    for (size_t level = plans.size() - 1; level-- > 0;)
      plans[level][part] = Nested(bundle.model.parts[part], plans[level][part], plans[level + 1][part], grid, costs.at(part));
}

}  // namespace

void CheckLevels(const std::vector<LevelRequest>& levels) {
  if (levels.empty()) throw Error(ErrorCode::kInvalidArgument, "levels: must be at least one");
  std::set<std::string> names;
  for (const LevelRequest& level : levels) {
    if (!names.insert(level.name).second) throw Error(ErrorCode::kInvalidArgument, "levels: two are called " + level.name + ": must be numbers that differ in their first six digits");
  }
  for (size_t i = 1; i < levels.size(); ++i) {
    if (levels[i].wish.index() != levels[0].wish.index() || BudgetUnitOf(levels[i].wish) != BudgetUnitOf(levels[0].wish)) {
      throw Error(ErrorCode::kInvalidArgument, "levels: " + levels[i].name + " is measured otherwise than " + levels[0].name + ": must be shares of one thing, as flops=0.5 and flops=0.3");
    }
    const std::optional<double> before = LevelNumber(levels[i - 1].wish);
    const std::optional<double> number = LevelNumber(levels[i].wish);
    if (!before || !number || *number < *before) continue;
    throw Error(ErrorCode::kInvalidArgument, "levels: " + levels[i].name + " comes behind " + levels[i - 1].name + ": must be named from the largest to the smallest");
  }
}

Variant EmptyVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<std::vector<RankPlan>>& plans, const std::string& method,
                     const RankOptions& options) {
  CheckLevels(levels);
  std::vector<std::vector<RankPlan>> shared = plans;
  Nest(bundle, options.grid, BudgetCosts(bundle, BudgetUnitOf(levels.front().wish).value_or(BudgetUnit::kParameters), options.type, options.seconds), shared);
  Variant variant;
  variant.model = bundle.model.name;
  variant.model_sha256 = bundle.model.provenance.weights_sha256;
  variant.method = method;
  variant.grid = options.grid;
  for (size_t i = 0; i < levels.size(); ++i) {
    VariantLevel level{levels[i].name, LevelNumber(levels[i].wish), levels[i].is_default, {}};
    for (size_t part = 0; part < bundle.model.parts.size(); ++part) level.graphs.push_back(WithRanks(bundle.model.parts[part].graph, shared[i].at(part)));
    variant.levels.push_back(std::move(level));
  }
  return variant;
}

VariantFiles VariantByWeights(const Bundle& bundle, const std::vector<LevelRequest>& levels, DecompositionMethod method, const RankOptions& options,
                              const DecomposeSink& told) {
  CheckLevels(levels);
  const bool hooi = method == DecompositionMethod::kHooi;
  if (levels.size() > 1 && hooi) {
    throw Error(ErrorCode::kInvalidArgument, "--method = hooi: its factors are fitted to one rank: several levels must be made with hosvd or data-aware");
  }
  if (levels.size() > 1 && BudgetUnitOf(levels.front().wish) == BudgetUnit::kLatency) {
    throw Error(ErrorCode::kInvalidArgument, "--budget latency: of one factor for all layers no level is sure to keep its time once another shares its layers: several levels must be made with data-aware");
  }
  std::vector<std::vector<RankPlan>> plans;
  for (const LevelRequest& level : levels) plans.push_back(RanksByWeights(bundle, level.wish, options));
  VariantFiles files;
  files.variant = EmptyVariant(bundle, levels, plans, hooi ? "hooi" : "hosvd", options);
  for (size_t i = 0; i < bundle.model.parts.size(); ++i) {
    const ModelPart& part = bundle.model.parts[i];
    const auto step = [&](size_t done, size_t total) {
      if (told) told("decomposing " + part.name, done, total);
    };
    files.weights.push_back(DecomposePart(part, files.variant.levels.front().graphs[i], bundle.weights[i], method, options.type, options.threads, step));
  }
  return files;
}

}  // namespace tuckerseg
