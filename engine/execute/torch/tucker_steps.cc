#include "engine/execute/torch/tucker_steps.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace tuckerseg {
namespace {

at::Tensor Padded(const at::Tensor& tensor, int64_t mode, int64_t multiple) {
  std::vector<int64_t> more = tensor.sizes().vec();
  more[static_cast<size_t>(mode)] = (multiple - tensor.size(mode) % multiple) % multiple;
  return more[static_cast<size_t>(mode)] == 0 ? tensor : at::cat({tensor, at::zeros(more, tensor.options())}, mode);
}

}  // namespace

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

TuckerSteps WithPaddedRanks(const Layer& layer, int64_t multiple, TuckerSteps steps) {
  const int64_t in_mode = IsTransposed(layer.kind) ? 0 : 1;
  if (steps.in.defined()) {
    steps.in = Padded(steps.in, 0, multiple);
    steps.core = Padded(steps.core, in_mode, multiple);
  }
  if (steps.out.defined()) {
    steps.core = Padded(steps.core, 1 - in_mode, multiple);
    steps.out = Padded(steps.out, 1, multiple);
  }
  return steps;
}

}  // namespace tuckerseg
