/// A Tucker layer as the convolutions that cost least.
#pragma once

#include <ATen/core/Tensor.h>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Weights of the convolutions that run one after another; the layer's bias is the last one's.
struct TuckerSteps {
  at::Tensor in;    ///< [rank_in, in, 1, 1, 1]; undefined where it is part of the core
  at::Tensor core;  ///< as the layer stores it, with `in` or `out` channels in place of ranks whose factor is part of it
  at::Tensor out;   ///< [out, rank_out, 1, 1, 1]; undefined where it is part of the core
};

/// Multiplies a factor into the core where the layer then takes no more multiply-adds: always where its rank is the number of channels (one of
/// the two modes of many layers, when ranks are chosen by layer), and in one mode of a 1x1x1 convolution, which becomes a matrix in
/// two factors. `in_factor`: [in, rank_in], `core`, `out_factor`: [out, rank_out], as bundles store them, float32. The answer is the same but
/// for rounding.
TuckerSteps StepsOf(const Layer& layer, const at::Tensor& in_factor, const at::Tensor& core, const at::Tensor& out_factor);

}  // namespace tuckerseg
