#include "compression/decompose/data_aware_variant.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "compression/calibrate/calibration_patches.h"
#include "compression/calibrate/layerwise.h"
#include "compression/calibrate/sensitivity.h"
#include "compression/rank/allocation.h"
#include "compression/train/parameters.h"
#include "engine/error.h"
#include "engine/model/cost.h"

namespace tuckerseg {
namespace {

int64_t Product(const Size3& size) { return size[0] * size[1] * size[2]; }

LayerCost CostOf(BudgetUnit unit, const LayerSeconds& seconds) {
  switch (unit) {
    case BudgetUnit::kMultiplyAdds:
      return [](const Layer& layer, const Size3& input_shape) { return static_cast<double>(MultiplyAdds(layer, input_shape)); };
    case BudgetUnit::kParameters:
    case BudgetUnit::kBytes:
      return [](const Layer& layer, const Size3&) { return static_cast<double>(ParameterCount(layer)); };
    case BudgetUnit::kLatency:
      break;
  }
  if (!seconds) throw Error(ErrorCode::kInvalidArgument, "--budget latency: must be measured on this machine");
  return seconds;
}

class Maker {
 public:
  Maker(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<Volume>& calibration, const DataAwareOptions& options,
        const LayerSeconds& seconds, const DecomposeSink& told)
      : bundle_(bundle), levels_(levels), options_(options), seconds_(seconds), told_(told) {
    at::set_num_threads(options.threads);
    for (const ModelPart& part : bundle.model.parts)
      patches_.push_back(CalibrationPatches(calibration, bundle.model, part, {options.patch, options.patches, options.threads}));
  }

  VariantFiles Make() {
    std::vector<std::vector<RankPlan>> plans;
    for (const LevelRequest& level : levels_) plans.push_back(PlansOf(level.wish));
    VariantFiles files;
    files.variant = EmptyVariant(bundle_, levels_, plans, "data-aware", options_.grid);
    files.variant.calibration = std::to_string(patches_.front().size()) + " patches of " + std::to_string(Product(ShapeOf(0))) + " voxels, at least " +
                                std::to_string(options_.samples) + " voxels a layer" + (options_.sequential ? ", layer after layer" : "") +
                                (options_.correct_norms ? ", norms corrected" : "");
    for (size_t part = 0; part < bundle_.model.parts.size(); ++part) files.weights.push_back(FitPart(part, files.variant.levels.front().graphs[part]));
    return files;
  }

 private:
  Size3 ShapeOf(size_t part) const {
    const at::Tensor& patch = patches_[part].front();
    return {patch.size(2), patch.size(3), patch.size(4)};
  }

  Parameters ParametersOf(size_t part, const std::string& fold) const {
    return LoadParameters(TrainableGraph(bundle_.model.parts[part].graph, false), bundle_.weights[part], "fold_" + fold + ".", 0);
  }

  std::vector<RankPlan> PlansOf(const RankWish& wish) {
    const auto* budget = std::get_if<BudgetWish>(&wish);
    if (budget == nullptr) return RanksByWeights(bundle_, wish, options_.grid, options_.threads);
    const auto& [layers, fixed] = CandidatesFor(budget->unit);
    return AllocateRanks(layers, fixed, budget->share).plans;
  }

  /// Measured once for each unit, whatever the number of levels.
  const std::pair<std::vector<LayerCandidates>, double>& CandidatesFor(BudgetUnit unit) {
    const auto found = candidates_.find(unit);
    if (found != candidates_.end()) return found->second;
    auto& [layers, fixed] = candidates_[unit];
    const LayerCost cost = CostOf(unit, seconds_);
    for (size_t part = 0; part < bundle_.model.parts.size(); ++part) {
      const ModelPart& network = bundle_.model.parts[part];
      SensitivityOptions sensitivity;
      sensitivity.fit = {options_.samples, options_.seed};
      sensitivity.grid = options_.grid;
      sensitivity.patch = network.patch_size;
      const Sensitivities measured =
          MeasureSensitivities(network.graph, ParametersOf(part, network.folds.front()), patches_[part], cost, sensitivity, [&](size_t done, size_t total, const std::string&) {
            if (told_) told_("sensitivity of " + network.name, done, total);
          });
      fixed += measured.fixed_cost;
      for (LayerCandidates layer : measured.layers) {
        layer.network = part;
        layers.push_back(std::move(layer));
      }
    }
    return candidates_[unit];
  }

  WeightStore FitPart(size_t place, const LayerGraph& graph) {
    const ModelPart& part = bundle_.model.parts[place];
    RankPlan plan;
    for (const Layer& layer : graph.layers)
      if (IsTucker(layer.kind)) plan[layer.name] = {layer.rank_in, layer.rank_out};
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
      StoreParameters(fitted.parameters, RequiredTensors(graph), "fold_" + fold + ".", options_.type, weights);
    }
    return weights;
  }

  const Bundle& bundle_;
  const std::vector<LevelRequest>& levels_;
  const DataAwareOptions& options_;
  const LayerSeconds& seconds_;
  const DecomposeSink& told_;
  std::vector<std::vector<at::Tensor>> patches_;  // by part
  std::map<BudgetUnit, std::pair<std::vector<LayerCandidates>, double>> candidates_;
};

}  // namespace

VariantFiles DataAwareVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<Volume>& calibration,
                              const DataAwareOptions& options, const LayerSeconds& seconds, const DecomposeSink& told) {
  return Maker(bundle, levels, calibration, options, seconds, told).Make();
}

}  // namespace tuckerseg
