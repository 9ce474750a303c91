#include "compression/train/shifted_convolution.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <vector>

namespace tuckerseg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::array<int64_t, 3> kStride{1, 1, 1};
constexpr std::array<int64_t, 3> kNoOutputPadding{0, 0, 0};

std::vector<int64_t> PaddingOf(const at::Tensor& weight) {
  return {(weight.size(2) - 1) / 2, (weight.size(3) - 1) / 2, (weight.size(4) - 1) / 2};
}

/// [voxels of the padded grid, channels]: `tensor` at `begin` in a grid that is larger by twice the padding, zeros around.
at::Tensor InPaddedGrid(const at::Tensor& tensor, const std::vector<int64_t>& padding, bool centred) {
  std::vector<int64_t> shape{tensor.size(0)};
  for (size_t a = 0; a < 3; ++a) shape.push_back(tensor.size(static_cast<int64_t>(a) + 2) + 2 * padding[a]);
  shape.push_back(tensor.size(1));
  const at::Tensor grid = at::zeros(shape, tensor.options());
  at::Tensor inside = grid;
  for (size_t a = 0; a < 3; ++a) {
    inside = inside.narrow(static_cast<int64_t>(a) + 1, centred ? padding[a] : 0, tensor.size(static_cast<int64_t>(a) + 2));
  }
  inside.copy_(tensor.permute({0, 2, 3, 4, 1}));
  return grid.view({-1, tensor.size(1)});
}

class ConvolutionByShiftsFunction : public torch::autograd::Function<ConvolutionByShiftsFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
    context->save_for_backward({input, weight});
    context->saved_data["bias"] = bias.has_value();
    return at::conv3d(input, weight, bias, kStride, PaddingOf(weight));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& input = saved[0];
    const at::Tensor& weight = saved[1];
    const std::vector<int64_t> padding = PaddingOf(weight);
    at::Tensor by_input;
    if (context->needs_input_grad(0)) {
      by_input = std::get<0>(at::convolution_backward(gradients[0], input, weight, {}, kStride, padding, kStride, /*transposed=*/false,
                                                      kNoOutputPadding, /*groups=*/1, {true, false, false}));
    }
    const at::Tensor source = InPaddedGrid(input, padding, /*centred=*/true);
    const at::Tensor gradient = InPaddedGrid(gradients[0], padding, /*centred=*/false);
    const at::Tensor by_weight = WeightGradient(source, gradient, input, weight, padding);
    const at::Tensor by_bias = context->saved_data["bias"].toBool() ? gradient.sum(0) : at::Tensor();
    return {by_input, by_weight, by_bias};
  }

 private:
  /// Rows of `gradient` outside the unpadded grid are 0, so that a moved row that belongs to another line adds nothing.
  static at::Tensor WeightGradient(const at::Tensor& source, const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight,
                                   const std::vector<int64_t>& padding) {
    const int64_t rows = source.size(0);
    const int64_t line = input.size(4) + 2 * padding[2];
    const int64_t plane = (input.size(3) + 2 * padding[1]) * line;
    const at::Tensor result = at::empty({weight.size(2), weight.size(3), weight.size(4), weight.size(0), weight.size(1)}, weight.options());
    for (int64_t a = 0; a < weight.size(2); ++a)
      for (int64_t b = 0; b < weight.size(3); ++b)
        for (int64_t c = 0; c < weight.size(4); ++c) {
          const int64_t offset = a * plane + b * line + c;
          at::Tensor tap = result.select(0, a).select(0, b).select(0, c);
          at::mm_out(tap, gradient.narrow(0, 0, rows - offset).t(), source.narrow(0, offset, rows - offset));
        }
    return result.permute({3, 4, 0, 1, 2});
  }
};

}  // namespace

at::Tensor ConvolutionByShifts(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  return ConvolutionByShiftsFunction::apply(input, weight, bias);
}

bool ShiftsPayOff() {
  __builtin_cpu_init();
  return !__builtin_cpu_supports("avx512f");
}

}  // namespace tuckerseg
