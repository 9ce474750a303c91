#include "compression/decompose/data_aware_variant.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <span>
#include <utility>

#include "compression/calibrate/calibration_memory.h"
#include "compression/calibrate/calibration_patches.h"
#include "compression/calibrate/layerwise.h"
#include "compression/calibrate/sensitivity.h"
#include "compression/cases/case_digest.h"
#include "compression/decompose/budget_cost.h"
#include "compression/rank/allocation.h"
#include "compression/train/parameters.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

int64_t Product(const Size3& size) { return size[0] * size[1] * size[2]; }

/// The front with costs as shares of the whole network's.
std::vector<ParetoPoint> FrontInShares(const std::vector<LayerCandidates>& layers, double fixed) {
  std::vector<ParetoPoint> front = ParetoFront(layers, fixed);
  double whole = fixed;
  for (const LayerCandidates& layer : layers)
    for (const RankCandidate& candidate : layer.candidates)
      if (!candidate.ranks) whole += candidate.cost;
  for (ParetoPoint& point : front) point.cost /= whole;
  return front;
}

class Maker {
 public:
  Maker(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<Volume>& calibration, const DataAwareOptions& options,
        const DecomposeSink& told)
      : bundle_(bundle), levels_(levels), options_(options), told_(told) {
    CheckLevels(levels);  // before the work
    at::set_num_threads(options.ranks.threads);
    for (const ModelPart& part : bundle.model.parts)
      patches_.push_back(CalibrationPatches(calibration, bundle.model, part, {options.patch, options.patches, options.ranks.threads}));
    for (size_t part = 0; part < patches_.size(); ++part) CheckFeatures(part);
  }

  VariantFiles Make() {
    VariantFiles files;
    files.variant = EmptyVariant(bundle_, levels_, Plans(), "data-aware", options_.ranks);
    for (size_t part = 0; part < bundle_.model.parts.size(); ++part) CheckFits(part, files.variant.levels.front().graphs[part]);
    files.variant.calibration = std::to_string(patches_.front().size()) + " patches of " + std::to_string(Product(ShapeOf(0))) + " voxels, at least " +
                                std::to_string(options_.samples) + " voxels a layer" + (options_.sequential ? ", layer after layer" : "") +
                                (options_.correct_norms ? ", norms corrected" : "");
    for (size_t part = 0; part < bundle_.model.parts.size(); ++part) files.weights.push_back(FitPart(part, files.variant.levels.front().graphs[part]));
    return files;
  }

 private:
  static std::string Mebibytes(int64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.1f MiB", static_cast<double>(bytes) / static_cast<double>(int64_t{1} << 20));
    return text;
  }

  int64_t FeatureBytesOf(size_t part) const {
    return FeatureBytes(bundle_.model.parts[part].graph, ShapeOf(part), static_cast<int64_t>(patches_[part].size()));
  }

  void CheckFeatures(size_t part) const {
    const int64_t bytes = FeatureBytesOf(part);
    if (bytes <= options_.max_memory_bytes) return;
    throw Error(ErrorCode::kResourceExhausted, "--calibration: features of " + std::to_string(patches_[part].size()) + " patches of " + std::to_string(Product(ShapeOf(part))) +
                                                   " voxels take " + Mebibytes(bytes) + ": must be at most " + Mebibytes(options_.max_memory_bytes) +
                                                   " (--max-memory): fewer or smaller patches (--patches, --patch)");
  }

  static RankPlan PlanOf(const LayerGraph& graph) {
    RankPlan plan;
    for (const Layer& layer : graph.layers)
      if (IsTucker(layer.kind)) plan[layer.name] = {layer.rank_in, layer.rank_out};
    return plan;
  }

  /// The regressions beside the features. `graph`: of the largest level.
  void CheckFits(size_t part, const LayerGraph& graph) const {
    const int64_t bytes = FeatureBytesOf(part) + RegressionBytes(bundle_.model.parts[part].graph, PlanOf(graph));
    if (bytes <= options_.max_memory_bytes) return;
    throw Error(ErrorCode::kResourceExhausted, "ranks: features and the largest regression take " + Mebibytes(bytes) + ": must be at most " + Mebibytes(options_.max_memory_bytes) +
                                                   " (--max-memory): a smaller level, or fewer or smaller patches (--patches, --patch)");
  }

  Size3 ShapeOf(size_t part) const {
    const at::Tensor& patch = patches_[part].front();
    return {patch.size(2), patch.size(3), patch.size(4)};
  }

  Parameters ParametersOf(size_t part, const std::string& fold) const {
    return LoadParameters(TrainableGraph(bundle_.model.parts[part].graph, false), bundle_.weights[part], "fold_" + fold + ".", 0);
  }

  std::vector<std::vector<RankPlan>> Plans() {
    std::vector<std::vector<RankPlan>> plans;
    if (const auto* budget = std::get_if<BudgetWish>(&levels_.front().wish)) {
      std::vector<double> budgets;
      for (const LevelRequest& level : levels_) budgets.push_back(std::get<BudgetWish>(level.wish).share);
      const auto [layers, fixed] = Candidates(budget->unit);
      if (options_.front) options_.front(FrontInShares(layers, fixed));
      for (Allocation& allocation : AllocateNestedRanks(layers, fixed, budgets)) {
        allocation.plans.resize(bundle_.model.parts.size());  // parts without a layer that pays are not named
        plans.push_back(std::move(allocation.plans));
      }
    } else {
      for (const LevelRequest& level : levels_) plans.push_back(RanksByWeights(bundle_, level.wish, options_.ranks));
    }
    return plans;
  }

  /// Of all parts, with what no layer of them can change.
  std::pair<std::vector<LayerCandidates>, double> Candidates(BudgetUnit unit) {
    std::vector<LayerCandidates> layers;
    double fixed = 0;
    const std::vector<LayerCost> costs = BudgetCosts(bundle_, unit, options_.ranks.type, options_.ranks.seconds);
    for (size_t part = 0; part < bundle_.model.parts.size(); ++part) {
      const ModelPart& network = bundle_.model.parts[part];
      SensitivityOptions sensitivity;
      sensitivity.fit = {options_.samples, options_.seed};
      sensitivity.grid = options_.ranks.grid;
      sensitivity.patch = network.patch_size;
      sensitivity.regions = network.regions;
      const Sensitivities measured =
          MeasureSensitivities(network.graph, ParametersOf(part, network.folds.front()), patches_[part], costs[part], sensitivity, [&](size_t done, size_t total, const std::string&) {
            if (told_) told_("sensitivity of " + network.name, done, total);
          });
      fixed += measured.fixed_cost;
      for (LayerCandidates layer : measured.layers) {
        layer.network = part;
        layers.push_back(std::move(layer));
      }
    }
    return {std::move(layers), fixed};
  }

  WeightStore FitPart(size_t place, const LayerGraph& graph) {
    const ModelPart& part = bundle_.model.parts[place];
    const RankPlan plan = PlanOf(graph);
    LayerwiseOptions layerwise;
    layerwise.fit = {options_.samples, options_.seed};
    layerwise.sequential = options_.sequential;
    layerwise.correct_norms = options_.correct_norms;
    WeightStore weights;
    for (const std::string& fold : part.folds) {
      const FittedNetwork fitted =
          FitLayerwise(part.graph, ParametersOf(place, fold), plan, patches_[place], layerwise, [&](size_t done, size_t total, const std::string&, double) {
            if (told_) told_("fitting " + part.name, done, total);
          });
      Store(fitted.parameters, graph, bundle_.weights[place], "fold_" + fold + ".", weights);
    }
    return weights;
  }

  /// Factors and cores in the type that was asked for; what else the fit changed as float32; all other tensors as the model has them.
  void Store(const Parameters& fitted, const LayerGraph& graph, const WeightStore& original, const std::string& prefix, WeightStore& weights) const {
    const auto keeper = std::make_shared<const WeightStore>(original);  // shares the bytes that the views look at
    std::vector<TensorSpec> decomposed;
    std::vector<TensorSpec> changed;
    for (const Layer& layer : graph.layers)
      for (const TensorSpec& spec : RequiredTensors({{layer}})) {
        if (IsTucker(layer.kind)) {
          (spec.name == layer.name + ".bias" ? changed : decomposed).push_back(spec);
        } else if (options_.correct_norms && layer.kind == LayerKind::kInstanceNorm) {
          changed.push_back(spec);
        } else {
          weights.AddView(prefix + spec.name, keeper->At(prefix + spec.name), keeper);
        }
      }
    StoreParameters(fitted, decomposed, prefix, options_.ranks.type, weights);
    StoreParameters(fitted, changed, prefix, TensorType::kFloat32, weights);
  }

  const Bundle& bundle_;
  const std::vector<LevelRequest>& levels_;
  const DataAwareOptions& options_;
  const DecomposeSink& told_;
  std::vector<std::vector<at::Tensor>> patches_;  // by part
};

}  // namespace

VariantFiles DataAwareVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<Volume>& calibration,
                              const DataAwareOptions& options, const DecomposeSink& told) {
  VariantFiles files = Maker(bundle, levels, calibration, options, told).Make();
  for (const Volume& ct : calibration) files.variant.seen_cases.insert(CaseDigest(ct));
  return files;
}

}  // namespace tuckerseg
