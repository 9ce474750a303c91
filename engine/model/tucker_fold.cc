#include "engine/model/tucker_fold.h"

namespace tuckerseg {
namespace {

int64_t Product(const Size3& size) { return size[0] * size[1] * size[2]; }

/// Multiply-adds by voxel of the coarser side.
int64_t CostOf(const Layer& layer, const TuckerFold& fold) {
  const bool transposed = IsTransposed(layer.kind);
  const int64_t stride = Product(layer.stride);
  const int64_t in_channels = fold.in ? layer.in_channels : layer.rank_in;
  const int64_t out_channels = fold.out ? layer.out_channels : layer.rank_out;
  const int64_t core = Product(layer.kernel) * in_channels * out_channels;
  const int64_t in = fold.in ? 0 : layer.in_channels * layer.rank_in * (transposed ? 1 : stride);
  const int64_t out = fold.out ? 0 : layer.out_channels * layer.rank_out * (transposed ? stride : 1);
  return in + core + out;
}

/// Multiply-adds of putting the factors into the core: first the input's, then the output's.
int64_t ProductCost(const Layer& layer, const TuckerFold& fold) {
  const int64_t core = Product(layer.kernel) * layer.rank_in * layer.rank_out;
  const int64_t wide = Product(layer.kernel) * (fold.in ? layer.in_channels : layer.rank_in) * layer.rank_out;
  return (fold.in ? core * layer.in_channels : 0) + (fold.out ? wide * layer.out_channels : 0);
}

}  // namespace

TuckerFold CheapestFold(const Layer& layer, std::optional<int64_t> voxels) {
  const auto cost = [&](const TuckerFold& fold) {
    return voxels ? CostOf(layer, fold) * *voxels + ProductCost(layer, fold) : CostOf(layer, fold);
  };
  TuckerFold cheapest;
  for (const TuckerFold fold : {TuckerFold{true, false}, TuckerFold{false, true}, TuckerFold{true, true}})
    if (cost(fold) <= cost(cheapest)) cheapest = fold;
  return cheapest;
}

}  // namespace tuckerseg
