#include "compression/calibrate/layer_samples.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <set>

namespace tuckerseg {
namespace {

Layer Convolution(Size3 kernel, Size3 stride) {
  return {.name = "conv", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 3, .out_channels = 2, .kernel = kernel, .stride = stride};
}

at::Tensor RandomFeature(int64_t channels, Size3 shape) {
  at::manual_seed(1);
  return at::randn({1, channels, shape[0], shape[1], shape[2]});
}

TEST(SamplePlaces, DrawsEachPlaceOnceAndTheSameForTheSameSeed) {
  const SampledPlaces places = SamplePlaces({4, 5, 6}, 60, 3);
  const auto* values = places.places.const_data_ptr<int64_t>();
  EXPECT_EQ(std::set<int64_t>(values, values + 60).size(), 60U);
  EXPECT_TRUE(at::equal(places.places, SamplePlaces({4, 5, 6}, 60, 3).places));
  EXPECT_FALSE(at::equal(places.places, SamplePlaces({4, 5, 6}, 60, 4).places));
}

TEST(SamplePlaces, TakesAllWhereMoreAreWanted) { EXPECT_EQ(SamplePlaces({2, 3, 2}, 100, 1).places.numel(), 12); }

TEST(GatherTaps, GivesWhatTheConvolutionReadsBordersIncluded) {
  const Layer layer = Convolution({3, 1, 3}, {2, 1, 1});
  const at::Tensor input = RandomFeature(3, {4, 3, 5});
  const at::Tensor weight = at::randn({2, 3, 3, 1, 3});
  const at::Tensor output = at::conv3d(input, weight, {}, {2, 1, 1}, {1, 0, 1});
  const SampledPlaces places = SamplePlaces({2, 3, 5}, 1000, 1);
  const at::Tensor product = at::matmul(GatherTaps(input, layer, places), weight.view({2, -1}).t());
  EXPECT_TRUE(at::allclose(product, GatherVoxels(output, places), 1e-5, 1e-5));
}

TEST(GatherBlocks, GivesTheBlockOfEachInputVoxel) {
  Layer layer = Convolution({2, 2, 1}, {2, 2, 1});
  layer.kind = LayerKind::kTransposedConvolution;
  const at::Tensor input = RandomFeature(3, {3, 2, 4});
  const at::Tensor weight = at::randn({3, 2, 2, 2, 1});
  const at::Tensor output = at::conv_transpose3d(input, weight, {}, {2, 2, 1});
  const SampledPlaces places = SamplePlaces({3, 2, 4}, 10, 1);
  const at::Tensor blocks = GatherBlocks(output, layer, places);
  for (int64_t t = 0; t < 4; ++t) {
    const at::Tensor expected = at::matmul(GatherVoxels(input, places), weight.flatten(2).select(2, t));
    EXPECT_TRUE(at::allclose(blocks[t], expected, 1e-5, 1e-5)) << t;
  }
}

}  // namespace
}  // namespace tuckerseg
