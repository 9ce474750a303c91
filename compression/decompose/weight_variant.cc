#include "compression/decompose/weight_variant.h"

#include <algorithm>

#include "compression/rank/rewrite.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

/// What a layer that a level leaves whole is in an elastic variant: both ranks full.
RankPair FullRanks(const LayerGraph& graph, const std::string& name) {
  const Layer& layer = LayerNamed(graph, name);
  return {layer.in_channels, layer.out_channels};
}

/// The same layers in every level: those of the smallest. A search may give a larger budget the smaller rank of one mode: it gets the
/// larger one, so that every level is a block of the one before.
void Nest(const Bundle& bundle, std::vector<std::vector<RankPlan>>& plans) {
  for (size_t part = 0; part < bundle.model.parts.size(); ++part) {
    for (size_t level = plans.size() - 1; level-- > 0;) {
      RankPlan nested;
      for (const auto& [name, smaller] : plans[level + 1][part]) {
        const auto found = plans[level][part].find(name);
        const RankPair ranks = found != plans[level][part].end() ? found->second : FullRanks(bundle.model.parts[part].graph, name);
        nested[name] = {std::max(ranks.in, smaller.in), std::max(ranks.out, smaller.out)};
      }
      plans[level][part] = nested;
    }
  }
}

void CheckDescending(const std::vector<LevelRequest>& levels) {
  for (size_t i = 1; i < levels.size(); ++i) {
    const std::optional<double> before = LevelNumber(levels[i - 1].wish);
    const std::optional<double> number = LevelNumber(levels[i].wish);
    if (!before || !number || *number < *before) continue;
    throw Error(ErrorCode::kInvalidArgument, "levels: " + levels[i].name + " comes behind " + levels[i - 1].name + ": must be named from the largest to the smallest");
  }
}

}  // namespace

Variant EmptyVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<std::vector<RankPlan>>& plans, const std::string& method,
                     int64_t grid) {
  if (levels.empty()) throw Error(ErrorCode::kInvalidArgument, "levels: must be at least one");
  std::vector<std::vector<RankPlan>> shared = plans;
  if (levels.size() > 1) {
    CheckDescending(levels);
    Nest(bundle, shared);
  }
  Variant variant;
  variant.model = bundle.model.name;
  variant.model_sha256 = bundle.model.provenance.weights_sha256;
  variant.method = method;
  variant.grid = grid;
  for (size_t i = 0; i < levels.size(); ++i) {
    VariantLevel level{levels[i].name, LevelNumber(levels[i].wish), levels[i].is_default, {}};
    for (size_t part = 0; part < bundle.model.parts.size(); ++part) level.graphs.push_back(WithRanks(bundle.model.parts[part].graph, shared[i][part]));
    variant.levels.push_back(std::move(level));
  }
  return variant;
}

VariantFiles VariantByWeights(const Bundle& bundle, const std::vector<LevelRequest>& levels, const WeightVariantOptions& options) {
  const bool hooi = options.method == DecompositionMethod::kHooi;
  if (levels.size() > 1 && hooi) {
    throw Error(ErrorCode::kInvalidArgument, "--method = hooi: its factors are fitted to one rank: several levels must be made with hosvd or data-aware");
  }
  std::vector<std::vector<RankPlan>> plans;
  for (const LevelRequest& level : levels) plans.push_back(RanksByWeights(bundle, level.wish, options.grid, options.threads));
  VariantFiles files;
  files.variant = EmptyVariant(bundle, levels, plans, hooi ? "hooi" : "hosvd", options.grid);
  for (size_t part = 0; part < bundle.model.parts.size(); ++part)
    files.weights.push_back(DecomposePart(bundle.model.parts[part], files.variant.levels.front().graphs[part], bundle.weights[part], options.method, options.type, options.threads));
  return files;
}

}  // namespace tuckerseg
