#include "compression/calibrate/layer_samples.h"

#include <ATen/ATen.h>

#include <array>
#include <unordered_set>

#include "compression/train/random_stream.h"

namespace tuckerseg {
namespace {

int64_t Product(const Size3& size) { return size[0] * size[1] * size[2]; }

/// The three coordinates of flat indices.
std::array<at::Tensor, 3> Coordinates(const SampledPlaces& places) {
  const at::Tensor& flat = places.places;
  const at::Tensor rows = flat.div(places.shape[2], "floor");
  return {rows.div(places.shape[1], "floor"), rows.remainder(places.shape[1]), flat.remainder(places.shape[2])};
}

/// Flat index in `shape` of place * stride + tap, [n, taps].
at::Tensor TapIndices(const SampledPlaces& places, const Size3& stride, const Size3& kernel, const Size3& shape) {
  const std::array<at::Tensor, 3> at_place = Coordinates(places);
  const auto along = [&](size_t a) { return at_place[a].unsqueeze(1) * stride[a] + at::arange(kernel[a], at::kLong).unsqueeze(0); };
  const int64_t n = places.places.size(0);
  const at::Tensor first = along(0).view({n, kernel[0], 1, 1});
  const at::Tensor second = along(1).view({n, 1, kernel[1], 1});
  const at::Tensor third = along(2).view({n, 1, 1, kernel[2]});
  return ((first * shape[1] + second) * shape[2] + third).reshape({n, Product(kernel)});
}

/// Channels at flat indices [n, taps] of [1, channels, ...]: [channels, n, taps].
at::Tensor Pick(const at::Tensor& feature, const at::Tensor& indices) {
  const at::Tensor flat = feature[0].reshape({feature.size(1), -1});
  return flat.index_select(1, indices.reshape(-1)).view({feature.size(1), indices.size(0), indices.size(1)});
}

Size3 ShapeOf(const at::Tensor& feature) { return {feature.size(2), feature.size(3), feature.size(4)}; }

}  // namespace

SampledPlaces SamplePlaces(const Size3& shape, int64_t count, uint64_t seed) {
  const int64_t all = Product(shape);
  if (count >= all) return {at::arange(all, at::kLong), shape};
  RandomStream random({seed});
  std::unordered_set<int64_t> seen;
  at::Tensor places = at::empty({count}, at::kLong);
  auto* place = places.mutable_data_ptr<int64_t>();
  for (int64_t taken = 0; taken < count;) {
    const int64_t drawn = random.Below(all);
    if (seen.insert(drawn).second) place[taken++] = drawn;
  }
  return {places, shape};
}

at::Tensor GatherTaps(const at::Tensor& feature, const Layer& layer, const SampledPlaces& places) {
  const Size3& k = layer.kernel;
  const Size3 padding{(k[0] - 1) / 2, (k[1] - 1) / 2, (k[2] - 1) / 2};
  const at::Tensor padded = at::constant_pad_nd(feature, {padding[2], padding[2], padding[1], padding[1], padding[0], padding[0]});
  const at::Tensor picked = Pick(padded, TapIndices(places, layer.stride, k, ShapeOf(padded)));
  return picked.permute({1, 0, 2}).reshape({picked.size(1), -1});
}

at::Tensor GatherVoxels(const at::Tensor& feature, const SampledPlaces& places) {
  return feature[0].reshape({feature.size(1), -1}).index_select(1, places.places).t();
}

at::Tensor GatherBlocks(const at::Tensor& output, const Layer& layer, const SampledPlaces& places) {
  return Pick(output, TapIndices(places, layer.stride, layer.kernel, ShapeOf(output))).permute({2, 1, 0});
}

}  // namespace tuckerseg
