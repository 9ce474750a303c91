#include "engine/execute/torch/first_convolution.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/engine/execute/torch/relative_difference.h"

namespace tuckerseg {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kSlope = 0.01;

struct Weights {
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor norm_weight;
  at::Tensor norm_bias;
};

Weights RandomWeights(int64_t channels, const std::vector<int64_t>& kernel) {
  return {at::randn({channels, 1, kernel[0], kernel[1], kernel[2]}), at::randn({channels}), at::linspace(0.5, 2, channels), at::linspace(-1, 1, channels)};
}

at::Tensor Made(const at::Tensor& input, const Weights& weights, double slope = kSlope) {
  return NormedFirstConvolution(input, weights.weight, weights.bias, weights.norm_weight, weights.norm_bias, kEpsilon, slope);
}

/// LibTorch's three operations in float64.
at::Tensor Expected(const at::Tensor& input, const Weights& weights, double slope = kSlope) {
  const auto exact = [](const at::Tensor& tensor) { return tensor.defined() ? tensor.to(at::kDouble) : tensor; };
  const std::vector<int64_t> padding{weights.weight.size(2) / 2, weights.weight.size(3) / 2, weights.weight.size(4) / 2};
  const at::Tensor convolved = at::conv3d(exact(input), exact(weights.weight), exact(weights.bias), 1, padding);
  const at::Tensor normed = at::instance_norm(convolved, exact(weights.norm_weight), exact(weights.norm_bias), {}, {}, /*use_input_stats=*/true, 0.1, kEpsilon, false);
  return at::leaky_relu(normed, slope);
}

class FirstConvolution : public testing::Test {
 protected:
  void SetUp() override { at::manual_seed(5); }
};

TEST_F(FirstConvolution, IsConvolutionNormAndReluForAnyNumberOfChannelsAndVoxels) {
  for (const int64_t channels : {1, 3, 8, 13, 32})
    for (const std::vector<int64_t>& space : {std::vector<int64_t>{1, 1, 2}, {3, 5, 7}, {9, 8, 33}, {4, 3, 64}, {20, 18, 40}, {6, 5, 1}, {2, 3, 1100}})
      for (const std::vector<int64_t>& kernel : {std::vector<int64_t>{3, 3, 3}, {1, 3, 3}, {1, 1, 1}, {3, 1, 5}, {7, 7, 7}}) {
        const at::Tensor input = at::randn({1, 1, space[0], space[1], space[2]});
        const Weights weights = RandomWeights(channels, kernel);
        const at::Tensor made = Made(input, weights);
        ASSERT_TRUE(made.is_contiguous(at::MemoryFormat::ChannelsLast3d));
        EXPECT_LT(LargestDifference(made, Expected(input, weights)), 5e-5) << channels << " channels, " << space[2] << " voxels, kernel " << kernel[2];
      }
}

TEST_F(FirstConvolution, NeedsNeitherBiasNorRelu) {
  const at::Tensor input = at::randn({1, 1, 6, 7, 35});
  Weights weights = RandomWeights(8, {3, 3, 3});
  weights.bias = at::Tensor();
  EXPECT_LT(LargestDifference(Made(input, weights, 1), Expected(input, weights, 1)), 5e-5);
}

TEST_F(FirstConvolution, LosesLittleWhereTheMeanIsFarFromZero) {
  const at::Tensor input = at::randn({1, 1, 16, 16, 32}) * 0.1 + 100;
  Weights weights = RandomWeights(8, {1, 1, 1});
  weights.weight = at::ones({8, 1, 1, 1, 1});
  // float32 keeps 100 to 6e-6, of a deviation of 0.1: what is left of the values has that error already.
  EXPECT_LT(LargestDifference(Made(input, weights), Expected(input, weights)), 5e-4);
}

TEST_F(FirstConvolution, SpreadsWhatIsNotFinite) {
  at::Tensor input = at::randn({1, 1, 5, 6, 40});
  input[0][0][2][3][37] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(Made(input, RandomWeights(8, {3, 3, 3})).isnan().all().item<bool>()) << "the mean of every channel is none";
}

TEST_F(FirstConvolution, GivesTheSameBitsWithAnyNumberOfThreads) {
  const at::Tensor input = at::randn({1, 1, 30, 20, 40});
  const Weights weights = RandomWeights(12, {3, 3, 3});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = Made(input, weights);
  at::set_num_threads(3);
  const at::Tensor three = Made(input, weights);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one, three));
}

}  // namespace
}  // namespace tuckerseg
