#include "compression/calibrate/layerwise.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

#include "compression/calibrate/two_walks.h"
#include "compression/rank/rewrite.h"
#include "engine/execute/torch/torch_errors.h"

namespace tuckerseg {
namespace {

at::Tensor FloatTensor(const Matrix& matrix) {
  const at::Tensor values = at::empty({matrix.rows(), matrix.cols()}, at::kFloat);
  Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(values.mutable_data_ptr<float>(), matrix.rows(), matrix.cols()) =
      matrix.cast<float>();
  return values;
}

/// By channel, over the voxels of all patches, each about its own mean.
at::Tensor Correlation(const std::vector<at::Tensor>& expected, const std::vector<at::Tensor>& given) {
  at::Tensor both, expected_square, given_square;
  for (size_t p = 0; p < expected.size(); ++p) {
    const auto centred = [](const at::Tensor& feature) {
      const at::Tensor flat = feature[0].reshape({feature.size(1), -1});
      return flat - flat.mean(1, /*keepdim=*/true);
    };
    const at::Tensor e = centred(expected[p]);
    const at::Tensor g = centred(given[p]);
    const auto add = [](at::Tensor& sum, const at::Tensor& value) { sum = sum.defined() ? sum + value : value; };
    add(both, (e * g).sum(1, /*keepdim=*/false, at::kDouble));
    add(expected_square, e.square().sum(1, /*keepdim=*/false, at::kDouble));
    add(given_square, g.square().sum(1, /*keepdim=*/false, at::kDouble));
  }
  return both / (expected_square * given_square).sqrt().clamp_min(1e-30);
}

constexpr double kLeastCorrelation = 0.05;  // a channel that is lost stays alive, so that training can bring it back

FittedNetwork Fit(const LayerGraph& original, const Parameters& parameters, const RankPlan& plan, const std::vector<at::Tensor>& patches,
                  const LayerwiseOptions& options, const LayerSink& told) {
  const at::NoGradGuard no_gradients;
  FittedNetwork result{WithRanks(original, plan), parameters, {}};
  const TrainableGraph graph(original, false);
  const TrainableGraph compressed(result.graph, false);
  TwoWalks walks(graph, compressed, patches);
  for (size_t i = 1; i < original.layers.size(); ++i) {
    const Layer& layer = original.layers[i];
    walks.RunOriginal(i, parameters);
    const auto found = plan.find(layer.name);
    if (found != plan.end()) {
      const LayerActivations activations =
          ActivationsOf(original, i, parameters, options.sequential ? walks.Given(layer.inputs.front()) : walks.Expected(layer.inputs.front()),
                        walks.Expected(static_cast<int>(i)));
      const FittedLayer fitted = LayerFit(layer, parameters.at(layer.name + ".weight"), activations, found->second.in, options.fit).Fit(found->second);
      result.parameters.erase(layer.name + ".weight");
      PutFitted(result.graph.layers[i], fitted, result.parameters);
      result.errors.emplace_back(layer.name, fitted.error);
      if (told) told(result.errors.size(), plan.size(), layer.name, fitted.error);
    }
    const bool corrected = options.correct_norms && layer.kind == LayerKind::kInstanceNorm && walks.Differ(layer.inputs.front());
    if (corrected) {
      const at::Tensor scale = Correlation(walks.Expected(layer.inputs.front()), walks.Given(layer.inputs.front())).clamp(kLeastCorrelation, 1.0);
      result.parameters[layer.name + ".weight"] = parameters.at(layer.name + ".weight") * scale.to(at::kFloat);
    }
    walks.RunCompressed(i, result.parameters, found != plan.end() || corrected);
    walks.ReleaseBehind(i);
  }
  return result;
}

}  // namespace

LayerActivations ActivationsOf(const LayerGraph& graph, size_t place, const Parameters& parameters, std::vector<at::Tensor> inputs, std::vector<at::Tensor> targets) {
  const Layer& layer = graph.layers[place];
  return {std::move(inputs), std::move(targets), layer.bias ? parameters.at(layer.name + ".bias") : at::zeros({layer.out_channels}), IsNormalised(graph, place)};
}

bool IsNormalised(const LayerGraph& graph, size_t place) {
  bool norm = false;
  for (const Layer& layer : graph.layers)
    for (const int input : layer.inputs)
      if (static_cast<size_t>(input) == place) {
        if (layer.kind != LayerKind::kInstanceNorm) return false;
        norm = true;
      }
  return norm;
}

void PutFitted(const Layer& layer, const FittedLayer& fitted, Parameters& parameters) {
  const std::vector<TensorSpec> specs = RequiredTensors({{layer}});
  const std::vector<float> core = StoredCore(layer, fitted.form.core, layer.rank_in);
  parameters[specs[0].name] = FloatTensor(fitted.form.in_factor);
  parameters[specs[1].name] = at::from_blob(const_cast<float*>(core.data()), specs[1].shape, at::kFloat).clone();
  parameters[specs[2].name] = FloatTensor(fitted.form.out_factor);
  if (layer.bias) parameters[layer.name + ".bias"] = FloatTensor(fitted.bias).view({-1});
}

FittedNetwork FitLayerwise(const LayerGraph& original, const Parameters& parameters, const RankPlan& plan, const std::vector<at::Tensor>& patches,
                           const LayerwiseOptions& options, const LayerSink& told) {
  return WithTorchErrors("calibration: must be fewer or smaller patches", [&] { return Fit(original, parameters, plan, patches, options, told); });
}

}  // namespace tuckerseg
