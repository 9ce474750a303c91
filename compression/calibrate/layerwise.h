/// A network in Tucker form, fitted layer by layer to what the original network computes on calibration patches.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compression/calibrate/layer_fit.h"
#include "compression/rank/rank_pair.h"
#include "compression/train/trainable_graph.h"

namespace tuckerseg {

struct LayerwiseOptions {
  LayerFitOptions fit;
  /// Each layer reads what the compressed layers before it give, and aims at what the original gives: later layers correct what earlier
  /// ones did. Off: every layer by itself, on the original's activations.
  bool sequential = true;
  /// Norms behind fitted layers are scaled by the correlation of what they get with what they should get: the best scale in the
  /// least-squares sense, since the norm stretches what is left of a channel to the whole deviation. Measured on the parity network it
  /// loses Dice layer by layer (0.46 to 0.40 at half the ranks) and changes nothing layer after layer: off.
  bool correct_norms = false;
};

struct FittedNetwork {
  LayerGraph graph;
  Parameters parameters;  ///< float32, CPU; by TensorSpec name
  std::vector<std::pair<std::string, double>> errors;  ///< of the fitted layers, in their order: FittedLayer::error
};

/// Told after each layer, from the thread that fits.
using LayerSink = std::function<void(size_t done, size_t total, const std::string& layer, double error)>;

/// `parameters`: the original's. `patches`: CalibrationPatches. The plan's layers are fitted, all others stay.
/// Memory: the live features of all patches, twice. Errors: as WithRanks, LayerFit; what LibTorch throws, as Error.
FittedNetwork FitLayerwise(const LayerGraph& original, const Parameters& parameters, const RankPlan& plan, const std::vector<at::Tensor>& patches,
                           const LayerwiseOptions& options, const LayerSink& told = {});

/// Inputs and targets of the layer at `place`, with what the fit has to know of its surroundings.
LayerActivations ActivationsOf(const LayerGraph& graph, size_t place, const Parameters& parameters, std::vector<at::Tensor> inputs, std::vector<at::Tensor> targets);

/// Whether an instance norm is the only reader of the layer at `place`.
bool IsNormalised(const LayerGraph& graph, size_t place);

/// The three tensors and the bias of a fitted layer, by TensorSpec name.
void PutFitted(const Layer& tucker_layer, const FittedLayer& fitted, Parameters& parameters);

}  // namespace tuckerseg
