#include "engine/execute/torch/tucker_steps.h"

#include <ATen/ATen.h>

#include <cstdint>

namespace tuckerseg {
namespace {

int64_t Product(const Size3& size) { return size[0] * size[1] * size[2]; }

/// Which factors are part of the core.
struct Fold {
  bool in = false;
  bool out = false;
};

/// Multiply-adds by voxel of the coarser side.
int64_t CostOf(const Layer& layer, const Fold& fold) {
  const bool transposed = IsTransposed(layer.kind);
  const int64_t stride = Product(layer.stride);
  const int64_t in_channels = fold.in ? layer.in_channels : layer.rank_in;
  const int64_t out_channels = fold.out ? layer.out_channels : layer.rank_out;
  const int64_t core = Product(layer.kernel) * in_channels * out_channels;
  const int64_t in = fold.in ? 0 : layer.in_channels * layer.rank_in * (transposed ? 1 : stride);
  const int64_t out = fold.out ? 0 : layer.out_channels * layer.rank_out * (transposed ? stride : 1);
  return in + core + out;
}

Fold CheapestOf(const Layer& layer) {
  Fold cheapest;
  for (const Fold fold : {Fold{true, false}, Fold{false, true}, Fold{true, true}})
    if (CostOf(layer, fold) <= CostOf(layer, cheapest)) cheapest = fold;
  return cheapest;
}

}  // namespace

TuckerSteps StepsOf(const Layer& layer, const at::Tensor& in_factor, const at::Tensor& core, const at::Tensor& out_factor) {
  const int64_t in_mode = IsTransposed(layer.kind) ? 0 : 1;
  const Fold fold = CheapestOf(layer);
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
