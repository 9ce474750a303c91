#include "engine/model/tucker_fold.h"

namespace tuckerseg {
namespace {

int64_t Product(const Size3& size) { return size[0] * size[1] * size[2]; }

constexpr int64_t kOneDnnsBlock = 16;

/// Multiply-adds by voxel of the coarser side. `block`: output channels that are made at once, as many as there are or fewer.
int64_t CostOf(const Layer& layer, const TuckerFold& fold, int64_t block) {
  const auto made = [block](int64_t channels) { return (channels + block - 1) / block * block; };
  const bool transposed = IsTransposed(layer.kind);
  const int64_t stride = Product(layer.stride);
  const int64_t in_channels = fold.in ? layer.in_channels : layer.rank_in;
  const int64_t out_channels = fold.out ? layer.out_channels : layer.rank_out;
  const int64_t core = Product(layer.kernel) * in_channels * made(out_channels);
  const int64_t in = fold.in ? 0 : layer.in_channels * made(layer.rank_in) * (transposed ? 1 : stride);
  const int64_t out = fold.out ? 0 : layer.rank_out * made(layer.out_channels) * (transposed ? stride : 1);
  return in + core + out;
}

/// Multiply-adds of putting the factors into the core: first the input's, then the output's.
int64_t ProductCost(const Layer& layer, const TuckerFold& fold) {
  const int64_t core = Product(layer.kernel) * layer.rank_in * layer.rank_out;
  const int64_t wide = Product(layer.kernel) * (fold.in ? layer.in_channels : layer.rank_in) * layer.rank_out;
  return (fold.in ? core * layer.in_channels : 0) + (fold.out ? wide * layer.out_channels : 0);
}

template <typename Cost>
TuckerFold Cheapest(const Cost& cost) {
  TuckerFold cheapest;
  for (const TuckerFold fold : {TuckerFold{true, false}, TuckerFold{false, true}, TuckerFold{true, true}})
    if (cost(fold) <= cost(cheapest)) cheapest = fold;
  return cheapest;
}

}  // namespace

TuckerFold CheapestFold(const Layer& layer, std::optional<int64_t> voxels) {
  return Cheapest([&](const TuckerFold& fold) {
    const int64_t cost = CostOf(layer, fold, 1);
    return voxels ? cost * *voxels + ProductCost(layer, fold) : cost;
  });
}

TuckerFold CheapestFoldOnCpu(const Layer& layer) {
  return Cheapest([&](const TuckerFold& fold) { return CostOf(layer, fold, kOneDnnsBlock); });
}

}  // namespace tuckerseg
