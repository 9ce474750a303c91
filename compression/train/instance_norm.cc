#include "compression/train/instance_norm.h"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/parallel.h"

namespace tuckerseg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kChunkVoxels = 1024;  // are summed in their own type, and the sums of all chunks in double

/// One sample, [voxels, channels].
struct Rows {
  int64_t voxels = 0;
  int64_t channels = 0;

  int64_t chunks() const { return (voxels + kChunkVoxels - 1) / kChunkVoxels; }
  int64_t ChunkEnd(int64_t chunk) const { return std::min((chunk + 1) * kChunkVoxels, voxels); }
};

Rows RowsOf(const at::Tensor& input) { return {input.size(2) * input.size(3) * input.size(4), input.size(1)}; }

template <typename Body>
void ForEachChunk(const Rows& rows, const Body& body) {
  ParallelFor(at::get_num_threads(), rows.chunks(), [&](int64_t first, int64_t last) {
    for (int64_t chunk = first; chunk < last; ++chunk) body(chunk, chunk * kChunkVoxels, rows.ChunkEnd(chunk));
  });
}

/// Mean and squared deviations from it of a chunk's voxels, by channel.
template <typename T>
void MomentsOf(const T* x, int64_t voxels, int64_t channels, T* mean, T* squares) {
  std::fill(mean, mean + channels, T(0));
  std::fill(squares, squares + channels, T(0));
  for (int64_t v = 0; v < voxels; ++v)
    for (int64_t c = 0; c < channels; ++c) mean[c] += x[v * channels + c];
  for (int64_t c = 0; c < channels; ++c) mean[c] /= static_cast<T>(voxels);
  for (int64_t v = 0; v < voxels; ++v)
    for (int64_t c = 0; c < channels; ++c) squares[c] += (x[v * channels + c] - mean[c]) * (x[v * channels + c] - mean[c]);
}

/// Of one sample, by channel, from the moments of its chunks (Chan et al. 1979).
template <typename T>
void Statistics(const Rows& rows, const T* x, double epsilon, T* mean, T* inverse) {
  const auto channels = static_cast<size_t>(rows.channels);
  std::vector<T> moments(static_cast<size_t>(rows.chunks()) * 2 * channels);
  ForEachChunk(rows, [&](int64_t chunk, int64_t begin, int64_t end) {
    T* const own = moments.data() + static_cast<size_t>(chunk) * 2 * channels;
    MomentsOf(x + begin * rows.channels, end - begin, rows.channels, own, own + channels);
  });
  for (size_t c = 0; c < channels; ++c) {
    double count = 0, all_mean = 0, squares = 0;
    for (int64_t chunk = 0; chunk < rows.chunks(); ++chunk) {
      const T* const own = moments.data() + static_cast<size_t>(chunk) * 2 * channels;
      const auto more = static_cast<double>(rows.ChunkEnd(chunk) - chunk * kChunkVoxels);
      const double away = static_cast<double>(own[c]) - all_mean;
      squares += static_cast<double>(own[channels + c]) + away * away * count * more / (count + more);
      all_mean += away * more / (count + more);
      count += more;
    }
    mean[c] = static_cast<T>(all_mean);
    inverse[c] = static_cast<T>(1 / std::sqrt(squares / count + epsilon));
  }
}

template <typename T>
void Normalize(const Rows& rows, const T* x, const T* mean, const T* inverse, const T* weight, const T* bias, T* y) {
  const auto channels = static_cast<size_t>(rows.channels);
  std::vector<T> scale(channels), shift(channels);
  for (size_t c = 0; c < channels; ++c) {
    scale[c] = weight[c] * inverse[c];
    shift[c] = bias[c] - mean[c] * scale[c];
  }
  ForEachChunk(rows, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v)
      for (size_t c = 0; c < channels; ++c) y[v * rows.channels + static_cast<int64_t>(c)] = x[v * rows.channels + static_cast<int64_t>(c)] * scale[c] + shift[c];
  });
}

/// Sums over voxels of the output's gradient, and of it times the normalised input, by channel: [2 channels].
template <typename T>
std::vector<double> GradientSums(const Rows& rows, const T* x, const T* dy, const T* mean, const T* inverse) {
  const auto channels = static_cast<size_t>(rows.channels);
  std::vector<T> parts(static_cast<size_t>(rows.chunks()) * 2 * channels);
  ForEachChunk(rows, [&](int64_t chunk, int64_t begin, int64_t end) {
    T* const sum = parts.data() + static_cast<size_t>(chunk) * 2 * channels;
    T* const product = sum + channels;
    for (int64_t v = begin; v < end; ++v) {
      const T* const own_x = x + v * rows.channels;
      const T* const own_dy = dy + v * rows.channels;
      for (size_t c = 0; c < channels; ++c) {
        sum[c] += own_dy[c];
        product[c] += own_dy[c] * (own_x[c] - mean[c]);
      }
    }
  });
  std::vector<double> sums(2 * channels);
  for (size_t i = 0; i < parts.size(); ++i) sums[i % (2 * channels)] += static_cast<double>(parts[i]);
  for (size_t c = 0; c < channels; ++c) sums[channels + c] *= static_cast<double>(inverse[c]);
  return sums;
}

/// dx = weight * inverse * (dy - mean of dy - x' * mean of dy x'), x' the normalised input.
template <typename T>
void PutInputGradient(const Rows& rows, const T* x, const T* dy, const T* mean, const T* inverse, const T* weight, const std::vector<double>& sums, T* dx) {
  const auto channels = static_cast<size_t>(rows.channels);
  std::vector<T> by_dy(channels), by_x(channels), constant(channels);
  for (size_t c = 0; c < channels; ++c) {
    const double scale = static_cast<double>(weight[c]) * static_cast<double>(inverse[c]);
    const double slope = -scale * static_cast<double>(inverse[c]) * sums[channels + c] / static_cast<double>(rows.voxels);
    by_dy[c] = static_cast<T>(scale);
    by_x[c] = static_cast<T>(slope);
    constant[c] = static_cast<T>(-scale * sums[c] / static_cast<double>(rows.voxels));
  }
  ForEachChunk(rows, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) {
      const T* const own_x = x + v * rows.channels;
      const T* const own_dy = dy + v * rows.channels;
      T* const own_dx = dx + v * rows.channels;
      for (size_t c = 0; c < channels; ++c) own_dx[c] = own_dy[c] * by_dy[c] + (own_x[c] - mean[c]) * by_x[c] + constant[c];
    }
  });
}

class InstanceNormFunction : public torch::autograd::Function<InstanceNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, double epsilon) {
    const Rows rows = RowsOf(input);
    const at::Tensor output = at::empty_like(input);
    const at::Tensor mean = at::empty({input.size(0), rows.channels}, input.options());
    const at::Tensor inverse = at::empty_like(mean);
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "InstanceNorm", [&] {
      for (int64_t s = 0; s < input.size(0); ++s) {
        const int64_t at = s * rows.voxels * rows.channels;
        const scalar_t* const x = input.const_data_ptr<scalar_t>() + at;
        scalar_t* const own_mean = mean.mutable_data_ptr<scalar_t>() + s * rows.channels;
        scalar_t* const own_inverse = inverse.mutable_data_ptr<scalar_t>() + s * rows.channels;
        Statistics(rows, x, epsilon, own_mean, own_inverse);
        Normalize(rows, x, own_mean, own_inverse, weight.const_data_ptr<scalar_t>(), bias.const_data_ptr<scalar_t>(), output.mutable_data_ptr<scalar_t>() + at);
      }
    });
    context->save_for_backward({input, weight, mean, inverse});
    return output;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& input = saved[0];
    const at::Tensor& weight = saved[1];
    const Rows rows = RowsOf(input);
    const at::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast3d);
    const at::Tensor by_input = at::empty_like(input);
    const at::Tensor by_weight = at::zeros_like(weight);
    const at::Tensor by_bias = at::zeros_like(weight);
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "InstanceNorm", [&] {
      for (int64_t s = 0; s < input.size(0); ++s) {
        const int64_t at = s * rows.voxels * rows.channels;
        const scalar_t* const x = input.const_data_ptr<scalar_t>() + at;
        const scalar_t* const dy = gradient.const_data_ptr<scalar_t>() + at;
        const scalar_t* const mean = saved[2].const_data_ptr<scalar_t>() + s * rows.channels;
        const scalar_t* const inverse = saved[3].const_data_ptr<scalar_t>() + s * rows.channels;
        const std::vector<double> sums = GradientSums(rows, x, dy, mean, inverse);
        PutInputGradient(rows, x, dy, mean, inverse, weight.const_data_ptr<scalar_t>(), sums, by_input.mutable_data_ptr<scalar_t>() + at);
        for (int64_t c = 0; c < rows.channels; ++c) {
          by_bias.mutable_data_ptr<scalar_t>()[c] += static_cast<scalar_t>(sums[static_cast<size_t>(c)]);
          by_weight.mutable_data_ptr<scalar_t>()[c] += static_cast<scalar_t>(sums[static_cast<size_t>(rows.channels + c)]);
        }
      }
    });
    return {by_input, by_weight, by_bias, {}};
  }
};

bool HasRows(const at::Tensor& input, const at::Tensor& weight) {
  return input.is_cpu() && (input.scalar_type() == at::kFloat || input.scalar_type() == at::kDouble) && weight.scalar_type() == input.scalar_type() &&
         input.is_contiguous(at::MemoryFormat::ChannelsLast3d);
}

}  // namespace

at::Tensor InstanceNorm(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, double epsilon) {
  if (HasRows(input, weight)) return InstanceNormFunction::apply(input, weight, bias, epsilon);
  // LibTorch's norm of groups wants weights of the features' type on CUDA.
  if (input.is_cuda() && weight.scalar_type() != input.scalar_type()) {
    return at::instance_norm(input, weight, bias, {}, {}, /*use_input_stats=*/true, /*momentum=*/0.1, epsilon, /*cudnn_enabled=*/true);
  }
  // Groups of one channel are instances. LibTorch's instance norm turns channels-last features round and back; this does not.
  return at::group_norm(input, input.size(1), weight, bias, epsilon);
}

}  // namespace tuckerseg
