#include "engine/execute/torch/tucker_steps.h"

#include <ATen/ATen.h>

#include <cstdint>

namespace tuckerseg {

TuckerSteps StepsOf(const Layer& layer, const TuckerFold& fold, const at::Tensor& in_factor, const at::Tensor& core, const at::Tensor& out_factor) {
  const int64_t in_mode = IsTransposed(layer.kind) ? 0 : 1;
  TuckerSteps steps{.core = core};
  const auto put_into_core = [&](const at::Tensor& factor, int64_t mode) {
    steps.core = at::tensordot(steps.core, factor, {mode}, {1}).movedim(-1, mode).contiguous();
  };
  if (fold.in) {
    put_into_core(in_factor, in_mode);
  } else {
    steps.in = in_factor.t().contiguous().view({layer.rank_in, layer.in_channels, 1, 1, 1});
  }
  if (fold.out) {
    put_into_core(out_factor, 1 - in_mode);
  } else {
    steps.out = out_factor.view({layer.out_channels, layer.rank_out, 1, 1, 1});
  }
  return steps;
}

}  // namespace tuckerseg
