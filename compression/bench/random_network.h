/// Networks without a bundle: the paper's architectures with random weights, at levels of its rank rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compression/bench/patch_latency.h"
#include "engine/model/layer_graph.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

/// Weights that keep activations near 1 in size, so that no half precision overflows and none is denormal: uniform around 0 with the
/// variance 1 / (inputs that an output sums up; of a transposed convolution, whose inputs come first: its outputs for each input); norms have weight 1, all biases are 0. The same for the same graph and seed.
WeightStore RandomWeightsFor(const LayerGraph& graph, uint32_t seed);

/// `levels` of the network that PaperNetwork calls `architecture`: "original", or a downsampling factor ("0.3") whose ranks are put on
/// `grid`. `patch`: instead of the architecture's own.
/// Errors: kInvalidArgument for another architecture, a level that is neither or named twice, a patch that is no multiple of the strides.
std::vector<VariantNetworks> RandomVariants(const std::string& architecture, const std::vector<std::string>& levels, int64_t grid,
                                            const std::optional<Size3>& patch);

}  // namespace tuckerseg
