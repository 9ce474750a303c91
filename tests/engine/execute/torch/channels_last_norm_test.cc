#include "engine/execute/torch/channels_last_norm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/engine/execute/torch/relative_difference.h"

namespace tuckerseg {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kSlope = 0.01;

at::Tensor Features(const std::vector<int64_t>& shape, double mean = 0.5, double deviation = 2) {
  at::manual_seed(4);
  return (at::randn(shape) * deviation + mean).contiguous(at::MemoryFormat::ChannelsLast3d);
}

at::Tensor Weight(int64_t channels) { return at::linspace(0.5, 2, channels); }
at::Tensor Bias(int64_t channels) { return at::linspace(-1, 1, channels); }

/// LibTorch's two operations in float64.
at::Tensor Expected(const at::Tensor& features, double slope) {
  const int64_t channels = features.size(1);
  const at::Tensor normed = at::instance_norm(features.to(at::kDouble), Weight(channels).to(at::kDouble), Bias(channels).to(at::kDouble), {}, {}, /*use_input_stats=*/true, 0.1, kEpsilon, false);
  return at::leaky_relu(normed, slope);
}

at::Tensor Normed(const at::Tensor& features, double slope = kSlope, NormAnswer answer = NormAnswer::kAsTheyLie) {
  return NormChannelsLast(features, Weight(features.size(1)), Bias(features.size(1)), kEpsilon, slope, answer);
}

TEST(NormChannelsLast, IsInstanceNormAndLeakyReluForAnyNumberOfChannelsAndVoxels) {
  for (const int64_t channels : {1, 3, 8, 20, 24, 70, 96})
    for (const std::vector<int64_t>& space : {std::vector<int64_t>{1, 1, 2}, {3, 5, 7}, {16, 8, 8}, {33, 11, 10}}) {
      const at::Tensor features = Features({1, channels, space[0], space[1], space[2]});
      EXPECT_LT(LargestDifference(Normed(features), Expected(features, kSlope)), 2e-5) << channels << " channels, " << space[0];
      EXPECT_TRUE(Normed(features).is_contiguous(at::MemoryFormat::ChannelsLast3d));
    }
}

TEST(NormChannelsLast, GivesTheSameBitsInCOrder) {
  for (const int64_t channels : {1, 3, 8, 20, 24, 70})
    for (const std::vector<int64_t>& space : {std::vector<int64_t>{1, 1, 2}, {3, 5, 7}, {16, 8, 8}, {33, 11, 10}}) {
      const at::Tensor features = Features({1, channels, space[0], space[1], space[2]});
      const at::Tensor turned = Normed(features, kSlope, NormAnswer::kInCOrder);
      EXPECT_TRUE(turned.is_contiguous(at::MemoryFormat::Contiguous));
      EXPECT_TRUE(at::equal(turned, Normed(features))) << channels << " channels, " << space[0];
    }
}

TEST(NormChannelsLast, LeavesTheReluOutAtSlopeOne) {
  const at::Tensor features = Features({1, 8, 5, 6, 7});
  EXPECT_LT(LargestDifference(Normed(features, 1), Expected(features, 1)), 2e-5);
}

TEST(NormChannelsLast, LosesLittleWhereTheMeanIsFarFromZero) {
  const at::Tensor features = Features({1, 8, 16, 16, 16}, 1000, 1);
  // float32 keeps 1000 to 6e-5: what is left of the values has that error already.
  EXPECT_LT(LargestDifference(Normed(features), Expected(features, kSlope)), 5e-4);
}

TEST(NormChannelsLast, MakesTheBiasOfAChannelThatIsTheSameEverywhere) {
  const at::Tensor features = at::full({1, 8, 4, 4, 4}, 3.25).contiguous(at::MemoryFormat::ChannelsLast3d);
  EXPECT_LT(LargestDifference(Normed(features, 1), Bias(8).view({1, 8, 1, 1, 1}).expand({1, 8, 4, 4, 4})), 1e-6);
}

TEST(NormChannelsLast, WritesIntoItsInputWhereItMay) {
  const at::Tensor features = Features({1, 8, 5, 6, 7});
  const at::Tensor kept = features.clone();
  const at::Tensor apart = Normed(features);
  EXPECT_TRUE(at::equal(features, kept));
  const at::Tensor in_place = Normed(features, kSlope, NormAnswer::kInPlace);
  EXPECT_EQ(in_place.data_ptr(), features.data_ptr());
  EXPECT_TRUE(at::equal(in_place, apart));
}

TEST(NormChannelsLast, GivesTheSameBitsWithAnyNumberOfThreads) {
  const at::Tensor features = Features({1, 12, 30, 20, 10});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = Normed(features);
  at::set_num_threads(3);
  const at::Tensor three = Normed(features);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one, three));
}

}  // namespace
}  // namespace tuckerseg
