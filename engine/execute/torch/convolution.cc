#include "engine/execute/torch/convolution.h"

#include <ATen/ATen.h>

#include "engine/execute/torch/row_product.h"

namespace tuckerseg {
namespace {

at::IntArrayRef Sizes(const Size3& size) { return {size.data(), size.size()}; }

constexpr Size3 kDense{1, 1, 1};

/// Of fewer voxels the weights' order takes too much of the time.
constexpr int64_t kLeastVoxelsOfBlocks = 1024;

}  // namespace

at::Tensor Convolution3d(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias, const Size3& stride) {
  const Size3 kernel{weight.size(2), weight.size(3), weight.size(4)};
  const Size3 padding{(kernel[0] - 1) / 2, (kernel[1] - 1) / 2, (kernel[2] - 1) / 2};
  // A dense kernel on features in C order is a product of matrices, which LibTorch makes of it.
  const bool product = kernel == kDense && !input.is_contiguous(at::MemoryFormat::ChannelsLast3d);
  const bool by_onednn = input.is_cpu() && input.scalar_type() == at::kFloat && !product && at::hasMKLDNN();
  if (by_onednn) return at::mkldnn_convolution(input, weight, bias, Sizes(padding), Sizes(stride), Sizes(kDense), /*groups=*/1);
  return at::conv3d(input, weight, bias, Sizes(stride), Sizes(padding));
}

at::Tensor TransposedConvolution3d(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias, const Size3& stride) {
  constexpr at::MemoryFormat kPlanesApart = at::MemoryFormat::ChannelsLast3d;
  const bool is_onednns = input.is_cpu() && input.scalar_type() == at::kFloat && at::hasMKLDNN();
  const bool is_tiling = weight.sizes().slice(2) == Sizes(stride);
  if (!is_onednns || !is_tiling || input.size(0) != 1 || input.size(2) == 1 || !input.is_contiguous(kPlanesApart)) return at::conv_transpose3d(input, weight, bias, Sizes(stride));
  if (input.numel() / input.size(1) >= kLeastVoxelsOfBlocks) return BlocksOfVoxels(input, weight, bias);
  const at::Tensor planes = input.transpose(0, 2);  // [d0, in, 1, d1, d2]
  const at::Tensor tiles = at::conv_transpose3d(planes, weight, bias, Sizes(stride)).contiguous(kPlanesApart);  // [d0, out, k0, d1 k1, d2 k2]; it lies so already
  return tiles.permute({0, 2, 3, 4, 1}).view({1, input.size(2) * stride[0], tiles.size(3), tiles.size(4), weight.size(1)}).permute({0, 4, 1, 2, 3});
}

at::Tensor PointwiseConvolutionInCOrder(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const at::Tensor matrix = weight.flatten(1);  // [out channels, in channels]
  const at::Tensor voxels = input.permute({0, 2, 3, 4, 1}).reshape({-1, input.size(1)}).t();  // [in channels, voxels] as they lie
  const at::Tensor product = bias ? at::addmm(bias->unsqueeze(1), matrix, voxels) : at::mm(matrix, voxels);
  return product.view({1, weight.size(0), input.size(2), input.size(3), input.size(4)});
}

}  // namespace tuckerseg
