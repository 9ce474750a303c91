#include "compression/decompose/budget_cost.h"

#include "engine/error.h"

namespace tuckerseg {
namespace {

/// On disk.
double BytesOf(const Layer& layer, const WeightStore& weights, const std::string& prefix, TensorType type) {
  double bytes = 0;
  for (const TensorSpec& spec : RequiredTensors({{layer}})) {
    if (!IsTucker(layer.kind)) {
      bytes += static_cast<double>(weights.At(prefix + spec.name).bytes.size());
      continue;
    }
    const TensorType stored = spec.name == layer.name + ".bias" ? TensorType::kFloat32 : type;
    double elements = 1;
    for (const int64_t length : spec.shape) elements *= static_cast<double>(length);
    bytes += elements * static_cast<double>(BytesPerElement(stored));
  }
  return bytes;
}

}  // namespace

std::vector<LayerCost> BudgetCosts(const Bundle& bundle, BudgetUnit unit, TensorType type, const LayerCost& seconds) {
  if (unit == BudgetUnit::kLatency && !seconds) {
    throw Error(ErrorCode::kInvalidArgument, "--budget latency: must be measured layer by layer, by a program that can run networks");
  }
  std::vector<LayerCost> costs;
  for (size_t part = 0; part < bundle.model.parts.size(); ++part) {
    switch (unit) {
      case BudgetUnit::kMultiplyAdds:
        costs.emplace_back(MultiplyAddCost);
        break;
      case BudgetUnit::kParameters:
        costs.emplace_back(ParameterCost);
        break;
      case BudgetUnit::kBytes:
        costs.emplace_back([&weights = bundle.weights[part], prefix = "fold_" + bundle.model.parts[part].folds.front() + ".", type](const Layer& layer, const Size3&) {
          return BytesOf(layer, weights, prefix, type);
        });
        break;
      case BudgetUnit::kLatency:
        costs.push_back(seconds);
        break;
    }
  }
  return costs;
}

}  // namespace tuckerseg
