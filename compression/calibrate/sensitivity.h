/// What each rank pair of each layer would cost the network's answers: measured, for the choice of ranks within a budget.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "compression/calibrate/layer_fit.h"
#include "compression/rank/allocation.h"
#include "compression/rank/layer_cost.h"
#include "compression/train/trainable_graph.h"

namespace tuckerseg {

struct SensitivityOptions {
  LayerFitOptions fit;
  int64_t grid = 1;
  Size3 patch{};             ///< that costs are told for: the part's, whatever the calibration patches are
  int64_t probe_patches = 2; ///< of the calibration patches, on which answers are compared
  bool regions = false;      ///< as ModelPart's: the answers' classes do not exclude one another
};

struct Sensitivities {
  std::vector<LayerCandidates> layers;  ///< losses: divergence of the answers (logit_probe.h) if this layer alone were changed
  double fixed_cost = 0;                ///< of all layers that have no candidates
};

using SensitivitySink = std::function<void(size_t done, size_t total, const std::string& layer)>;

/// For each convolution that can be made cheaper: candidate pairs on the grid; their share of output variance lost (LayerFit::Errors, on the
/// original's activations); and, at a few of them, the divergence of the whole network's answers with this layer alone replaced. The
/// divergence of all other pairs follows from theirs by interpolation in logarithms of the share, in proportion to it outside.
/// Errors: what LibTorch throws, as Error.
Sensitivities MeasureSensitivities(const LayerGraph& original, const Parameters& parameters, const std::vector<at::Tensor>& patches, const LayerCost& cost,
                                   const SensitivityOptions& options, const SensitivitySink& told = {});

}  // namespace tuckerseg
