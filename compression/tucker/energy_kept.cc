#include "compression/tucker/energy_kept.h"

#include "compression/tucker/decompose.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

Matrix FactorOf(const TensorSpec& spec, const std::string& prefix, const WeightStore& weights) {
  const TensorView& tensor = weights.At(prefix + spec.name);
  if (tensor.shape != spec.shape) throw Error(ErrorCode::kInvalidArgument, "tensor " + prefix + spec.name + ": the shape differs from the layer's");
  const std::vector<float> values = ToFloat(tensor);
  Matrix factor = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(values.data(), spec.shape[0], spec.shape[1]).cast<double>();
  if (!factor.allFinite()) throw Error(ErrorCode::kDataLoss, "tensor " + prefix + spec.name + ": holds a number that is not finite");
  return factor;
}

/// The core alone, which is stored as the weight of a convolution between the ranks.
Layer CoreLayer(const Layer& layer) {
  Layer core = layer;
  core.kind = IsTransposed(layer.kind) ? LayerKind::kTransposedConvolution : LayerKind::kConvolution;
  core.in_channels = layer.rank_in;
  core.out_channels = layer.rank_out;
  return core;
}

}  // namespace

TuckerWeight TuckerWeightOf(const Layer& layer, const std::string& prefix, const WeightStore& weights) {
  const std::vector<TensorSpec> specs = RequiredTensors({{layer}});
  return {ChannelWeightOf(CoreLayer(layer), weights.At(prefix + specs[1].name)).by_out, FactorOf(specs[2], prefix, weights), FactorOf(specs[0], prefix, weights)};
}

std::map<std::string, double> EnergyKept(const ModelPart& part, const WeightStore& weights, const LayerGraph& graph, const WeightStore& compressed) {
  std::map<std::string, double> kept;
  for (const Layer& layer : graph.layers) {
    if (!IsTucker(layer.kind)) continue;
    const Layer& original = LayerNamed(part.graph, layer.name);
    if (IsTucker(original.kind) || !IsFormOf(layer, original)) continue;
    double whole = 0;
    double lost = 0;
    for (const std::string& fold : part.folds) {
      const std::string prefix = "fold_" + fold + ".";
      const ChannelWeight weight = ChannelWeightOf(original, weights.At(prefix + layer.name + ".weight"));
      whole += weight.by_out.squaredNorm();
      lost += (weight.by_out - Compose(TuckerWeightOf(layer, prefix, compressed)).by_out).squaredNorm();
    }
    kept[layer.name] = whole > 0 ? 1 - lost / whole : (lost > 0 ? 0 : 1);
  }
  return kept;
}

}  // namespace tuckerseg
