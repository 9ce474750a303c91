#include "compression/train/shifted_convolution.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "engine/execute/torch/convolution.h"
#include "engine/parallel.h"

namespace tuckerseg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::array<int64_t, 3> kStride{1, 1, 1};
constexpr std::array<int64_t, 3> kNoOutputPadding{0, 0, 0};

std::vector<int64_t> PaddingOf(const at::Tensor& weight) {
  return {(weight.size(2) - 1) / 2, (weight.size(3) - 1) / 2, (weight.size(4) - 1) / 2};
}

constexpr int64_t kSlabRows = 512;     // one product each
constexpr int64_t kSlabsOfThread = 4;  // at a time

/// How a padded grid lies in rows, one for each voxel.
struct PaddedGrid {
  std::vector<int64_t> shape;  // samples, then voxels
  int64_t plane = 0;           // rows from one plane to the next
  int64_t line = 0;
};

PaddedGrid GridOf(const at::Tensor& input, const std::vector<int64_t>& padding) {
  PaddedGrid grid{.shape = {input.size(0)}};
  for (size_t a = 0; a < 3; ++a) grid.shape.push_back(input.size(static_cast<int64_t>(a) + 2) + 2 * padding[a]);
  grid.line = grid.shape[3];
  grid.plane = grid.shape[2] * grid.line;
  return grid;
}

/// [rows, channels]: `tensor` at `begin` in the grid, zeros around, with `before` and `behind` rows of zeros more.
at::Tensor InPaddedGrid(const at::Tensor& tensor, const PaddedGrid& grid, const std::vector<int64_t>& begin, int64_t before, int64_t behind) {
  const int64_t rows = grid.shape[0] * grid.shape[1] * grid.plane;
  const at::Tensor all = at::zeros({before + rows + behind, tensor.size(1)}, tensor.options());
  std::vector<int64_t> shape = grid.shape;
  shape.push_back(tensor.size(1));
  at::Tensor inside = all.narrow(0, before, rows).view(shape);
  for (size_t a = 0; a < 3; ++a) inside = inside.narrow(static_cast<int64_t>(a) + 1, begin[a], tensor.size(static_cast<int64_t>(a) + 2));
  inside.copy_(tensor.permute({0, 2, 3, 4, 1}));
  return all;
}

/// [slabs, kSlabRows, offsets * channels]: for each row of `slabs` slabs from row `begin` on, those that lie `offsets` rows behind it.
/// Rows behind `end` are zeros.
at::Tensor SideBySide(const at::Tensor& from, int64_t begin, int64_t end, int64_t slabs, const std::vector<int64_t>& offsets) {
  const auto bytes = static_cast<size_t>(from.size(1) * from.element_size());
  at::Tensor together = at::empty({slabs, kSlabRows, static_cast<int64_t>(offsets.size()) * from.size(1)}, from.options());
  const auto* source = static_cast<const std::byte*>(from.const_data_ptr());
  auto* target = static_cast<std::byte*>(together.mutable_data_ptr());
  ParallelFor(at::get_num_threads(), slabs * kSlabRows, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row)
      for (size_t i = 0; i < offsets.size(); ++i) {
        std::byte* const place = target + (static_cast<size_t>(row) * offsets.size() + i) * bytes;
        if (begin + row < end) {
          std::memcpy(place, source + static_cast<size_t>(begin + row + offsets[i]) * bytes, bytes);
        } else {
          std::memset(place, 0, bytes);
        }
      }
  });
  return together;
}

/// The gradient by a kernel of all of its taps. Tap (a, b, c) is the sum over rows r of gradient[r] source[r + a plane + b line + c],
/// which is that of gradient[r - c] source[r + a plane + b line]: with the gradient's rows beside their predecessors, and the source's
/// beside those of other lines, all taps are one product. They are put side by side for a part of the rows at a time: all would take twelve
/// times the memory of both. A product of each tap alone has as few columns as the layer has channels, and took two to seven times as long.
class WeightGradient {
 public:
  WeightGradient(const at::Tensor& input, const at::Tensor& gradient, const at::Tensor& weight, const std::vector<int64_t>& padding)
      : kernel_(weight.sizes().slice(2).vec()) {
    const PaddedGrid grid = GridOf(input, padding);
    const int64_t last = kernel_[2] - 1;
    for (int64_t c = 0; c <= last; ++c) predecessors_.push_back(last - c);
    for (int64_t a = 0; a < kernel_[0]; ++a)
      for (int64_t b = 0; b < kernel_[1]; ++b) lines_.push_back(a * grid.plane + b * grid.line);
    gradient_ = InPaddedGrid(gradient, grid, {0, 0, 0}, /*before=*/last, /*behind=*/last);
    source_ = InPaddedGrid(input, grid, padding, /*before=*/0, /*behind=*/lines_.back() + last);
  }

  /// [out, in, k0, k1, k2]
  at::Tensor ByWeight() const {
    const int64_t out = gradient_.size(1);
    const int64_t in = source_.size(1);
    const int64_t rows = gradient_.size(0) - (kernel_[2] - 1);
    at::Tensor sum = at::zeros({kernel_[2] * out, kernel_[0] * kernel_[1] * in}, source_.options());
    const int64_t most = kSlabsOfThread * at::get_num_threads();
    for (int64_t row = 0; row < rows; row += most * kSlabRows) {
      const int64_t slabs = std::min(most, (rows - row + kSlabRows - 1) / kSlabRows);
      sum += at::bmm(SideBySide(gradient_, row, rows, slabs, predecessors_).transpose(1, 2), SideBySide(source_, row, rows, slabs, lines_)).sum(0);
    }
    return sum.view({kernel_[2], out, kernel_[0], kernel_[1], in}).permute({1, 4, 2, 3, 0});
  }

  at::Tensor ByBias() const { return gradient_.sum(0); }

 private:
  std::vector<int64_t> kernel_;
  std::vector<int64_t> predecessors_;  // offset last - c leads to row r - c, as `last` rows of zeros come first
  std::vector<int64_t> lines_;         // offsets of the first taps of all lines
  at::Tensor gradient_;
  at::Tensor source_;
};

class ConvolutionByShiftsFunction : public torch::autograd::Function<ConvolutionByShiftsFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
    context->save_for_backward({input, weight});
    context->saved_data["bias"] = bias.has_value();
    return Convolution3d(input, weight, bias, kStride);
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
    const WeightGradient gradient(input, gradients[0], weight, padding);
    return {by_input, gradient.ByWeight(), context->saved_data["bias"].toBool() ? gradient.ByBias() : at::Tensor()};
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
