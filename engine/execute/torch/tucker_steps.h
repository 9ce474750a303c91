/// A Tucker layer as the convolutions that run one after another.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "engine/model/layer_graph.h"
#include "engine/model/tucker_fold.h"

namespace tuckerseg {

/// Weights of the convolutions; the layer's bias is the last one's.
struct TuckerSteps {
  at::Tensor in;    ///< [rank_in, in, 1, 1, 1]; undefined where it is part of the core
  at::Tensor core;  ///< as the layer stores it, with `in` or `out` channels in place of ranks whose factor is part of it
  at::Tensor out;   ///< [out, rank_out, 1, 1, 1]; undefined where it is part of the core
};

/// `in_factor`: [in, rank_in], `core`, `out_factor`: [out, rank_out], as bundles store them, float32. Folded, the layer's answer is the same but
/// for rounding. Gradients flow to all three.
TuckerSteps StepsOf(const Layer& layer, const TuckerFold& fold, const at::Tensor& in_factor, const at::Tensor& core, const at::Tensor& out_factor);

/// Zero channels behind those of each rank whose factor is a step of its own, up to a multiple of `multiple` (at least 1); a folded mode stays. The answer is the
/// same but for rounding. For devices whose kernels take channels by so many.
TuckerSteps WithPaddedRanks(const Layer& layer, int64_t multiple, TuckerSteps steps);

}  // namespace tuckerseg
