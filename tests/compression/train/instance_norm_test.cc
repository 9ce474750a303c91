#include "compression/train/instance_norm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

namespace tuckerseg {
namespace {

struct Leaves {
  at::Tensor input;
  at::Tensor weight;
  at::Tensor bias;
};

Leaves RandomLeaves(at::ScalarType type, at::MemoryFormat layout) {
  at::manual_seed(2);
  // More voxels than a chunk holds; a mean far from 0, as channels have before they are normalised.
  // Of float32's values in every type.
  const auto leaf = [type](const at::Tensor& values) { return values.to(at::kFloat).to(type).requires_grad_(true); };
  const at::Tensor input = (at::randn({2, 5, 11, 12, 13}) * 3 + 40).contiguous(layout);
  return {leaf(input), leaf(at::randn({5})), leaf(at::randn({5}))};
}

/// `own` against LibTorch's in float64.
void ExpectGroupNorm(const Leaves& own, double tolerance) {
  const Leaves reference = RandomLeaves(at::kDouble, at::MemoryFormat::Contiguous);
  const at::Tensor output = InstanceNorm(own.input, own.weight, own.bias, 1e-5);
  const at::Tensor expected = at::group_norm(reference.input, 5, reference.weight, reference.bias, 1e-5);
  const at::Tensor factors = at::randn(expected.sizes(), expected.options());
  (output * factors).sum().backward();
  (expected * factors).sum().backward();
  EXPECT_TRUE(at::allclose(output.to(at::kDouble), expected, tolerance, tolerance));
  EXPECT_TRUE(at::allclose(own.input.grad().to(at::kDouble), reference.input.grad(), tolerance, tolerance));
  EXPECT_TRUE(at::allclose(own.weight.grad().to(at::kDouble), reference.weight.grad(), tolerance, 100 * tolerance));  // sums of thousands of terms
  EXPECT_TRUE(at::allclose(own.bias.grad().to(at::kDouble), reference.bias.grad(), tolerance, 100 * tolerance));
}

TEST(InstanceNorm, HasTheValuesAndGradientsOfAGroupNormOfSingleChannels) {
  ExpectGroupNorm(RandomLeaves(at::kDouble, at::MemoryFormat::ChannelsLast3d), 1e-10);
  ExpectGroupNorm(RandomLeaves(at::kDouble, at::MemoryFormat::Contiguous), 1e-10);
  ExpectGroupNorm(RandomLeaves(at::kFloat, at::MemoryFormat::ChannelsLast3d), 2e-5);
}

TEST(InstanceNorm, IsAsNearTheTruthAsLibTorchsWhereTheMeanIsLarge) {
  at::manual_seed(3);
  const at::Tensor exact = (at::randn({1, 3, 20, 20, 20}, at::kDouble) + 1000).contiguous(at::MemoryFormat::ChannelsLast3d);
  const at::Tensor weight = at::ones({3}), bias = at::zeros({3});
  const at::Tensor input = exact.to(at::kFloat);
  const at::Tensor truth = at::group_norm(input.to(at::kDouble), 3, weight.to(at::kDouble), bias.to(at::kDouble), 1e-5);
  const double error = (InstanceNorm(input, weight, bias, 1e-5).to(at::kDouble) - truth).abs().max().item<double>();
  EXPECT_LT(error, 1e-3);
}

TEST(InstanceNorm, KeepsTheLayout) {
  const Leaves leaves = RandomLeaves(at::kFloat, at::MemoryFormat::ChannelsLast3d);
  const at::Tensor output = InstanceNorm(leaves.input, leaves.weight, leaves.bias, 1e-5);
  EXPECT_TRUE(output.is_contiguous(at::MemoryFormat::ChannelsLast3d));
  output.sum().backward();
  EXPECT_TRUE(leaves.input.grad().is_contiguous(at::MemoryFormat::ChannelsLast3d));
}

TEST(InstanceNorm, IsLibTorchsInBFloat16) {
  const Leaves leaves = RandomLeaves(at::kFloat, at::MemoryFormat::ChannelsLast3d);
  const at::Tensor half = leaves.input.detach().to(at::kBFloat16);
  EXPECT_TRUE(at::equal(InstanceNorm(half, leaves.weight.detach(), leaves.bias.detach(), 1e-5),
                        at::group_norm(half, 5, leaves.weight.detach(), leaves.bias.detach(), 1e-5)));
}

}  // namespace
}  // namespace tuckerseg
