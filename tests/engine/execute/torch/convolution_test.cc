#include "engine/execute/torch/convolution.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

/// [samples, channels, d0, d1, d2] to 5 channels, against float64 by LibTorch.
void ExpectConv3d(const std::vector<int64_t>& input_shape, const Size3& kernel, const Size3& stride, at::MemoryFormat layout) {
  at::manual_seed(6);
  const at::Tensor input = at::randn(input_shape).contiguous(layout);
  const at::Tensor weight = at::randn({5, input_shape[1], kernel[0], kernel[1], kernel[2]});
  const at::Tensor bias = at::randn({5});
  const std::vector<int64_t> padding{kernel[0] / 2, kernel[1] / 2, kernel[2] / 2};
  const at::Tensor expected = at::conv3d(input.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble), at::IntArrayRef(stride), padding);
  const at::Tensor output = Convolution3d(input, weight, bias, stride);
  EXPECT_EQ(output.sizes(), expected.sizes());
  EXPECT_LT((output.to(at::kDouble) - expected).abs().max().item<double>(), 1e-3);
  EXPECT_LT((Convolution3d(input, weight, {}, stride) + bias.view({5, 1, 1, 1}) - output).abs().max().item<float>(), 1e-4F);
}

TEST(Convolution3d, IsLibTorchsForSmallAndLargeInputsInBothLayouts) {
  for (const at::MemoryFormat layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast3d})
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{1, 1, 9, 8, 7}, {1, 32, 26, 26, 6}, {2, 3, 9, 8, 7}}) {
      ExpectConv3d(shape, {3, 3, 3}, {1, 1, 1}, layout);
      ExpectConv3d(shape, {1, 3, 3}, {1, 2, 2}, layout);
      ExpectConv3d(shape, {1, 1, 1}, {2, 2, 2}, layout);
    }
}

TEST(Convolution3d, IsLibTorchsInOtherTypes) {
  const at::Tensor input = at::randn({1, 2, 5, 6, 7}, at::kDouble);
  const at::Tensor weight = at::randn({3, 2, 3, 3, 3}, at::kDouble);
  EXPECT_TRUE(at::allclose(Convolution3d(input, weight, {}, {1, 1, 1}), at::conv3d(input, weight, {}, 1, 1)));
}

TEST(TransposedConvolution3d, IsLibTorchsInBothLayoutsAndKeepsTheInputs) {
  at::manual_seed(7);
  for (const at::MemoryFormat layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast3d})
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{1, 3, 4, 5, 6}, {1, 3, 1, 5, 6}, {1, 1, 2, 1, 1}, {2, 3, 4, 5, 6}, {1, 40, 24, 26, 3}})
      for (const Size3& stride : {Size3{2, 2, 2}, Size3{1, 2, 2}, Size3{2, 1, 3}}) {
        const at::Tensor input = at::randn(shape).contiguous(layout);
        const at::Tensor weight = at::randn({shape[1], 7, stride[0], stride[1], stride[2]});
        const at::Tensor bias = at::randn({7});
        const at::Tensor expected = at::conv_transpose3d(input.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble), at::IntArrayRef(stride));
        const at::Tensor output = TransposedConvolution3d(input, weight, bias, stride);
        ASSERT_EQ(output.sizes(), expected.sizes());
        EXPECT_LT((output.to(at::kDouble) - expected).abs().max().item<double>(), 1e-4);
        EXPECT_LT((TransposedConvolution3d(input, weight, {}, stride) + bias.view({7, 1, 1, 1}) - output).abs().max().item<float>(), 1e-4F);
        const bool is_by_planes = layout == at::MemoryFormat::ChannelsLast3d && shape[0] == 1 && shape[2] > 1;
        EXPECT_TRUE(output.is_contiguous(layout) || !is_by_planes);
      }
}

TEST(TransposedConvolution3d, IsLibTorchsOfKernelsThatOverlapAndInOtherTypes) {
  const at::Tensor input = at::randn({1, 2, 4, 5, 6}).contiguous(at::MemoryFormat::ChannelsLast3d);
  const at::Tensor weight = at::randn({2, 3, 3, 3, 3});
  EXPECT_TRUE(at::allclose(TransposedConvolution3d(input, weight, {}, {2, 2, 2}), at::conv_transpose3d(input, weight, {}, 2)));
  EXPECT_TRUE(at::allclose(TransposedConvolution3d(input.to(at::kDouble), weight.to(at::kDouble), {}, {3, 3, 3}), at::conv_transpose3d(input.to(at::kDouble), weight.to(at::kDouble), {}, 3)));
}

TEST(PointwiseConvolutionInCOrder, IsTheConvolutionInCOrder) {
  at::manual_seed(6);
  for (const int64_t channels : {1, 8, 33}) {
    const at::Tensor input = at::randn({1, channels, 5, 6, 7}).contiguous(at::MemoryFormat::ChannelsLast3d);
    const at::Tensor weight = at::randn({4, channels, 1, 1, 1});
    const at::Tensor bias = at::randn({4});
    const at::Tensor output = PointwiseConvolutionInCOrder(input, weight, bias);
    EXPECT_TRUE(output.is_contiguous(at::MemoryFormat::Contiguous)) << channels;
    EXPECT_LT((output - at::conv3d(input, weight, bias)).abs().max().item<float>(), 1e-4F) << channels;
    EXPECT_LT((PointwiseConvolutionInCOrder(input, weight, {}) - at::conv3d(input, weight)).abs().max().item<float>(), 1e-4F) << channels;
  }
}

}  // namespace
}  // namespace tuckerseg
