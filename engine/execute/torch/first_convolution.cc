#include "engine/execute/torch/first_convolution.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/execute/torch/lanes.h"
#include "engine/execute/torch/norm_rule.h"
#include "engine/execute/torch/parallel_loops.h"
#include "engine/model/layer_graph.h"
#include "engine/wide_registers.h"

namespace tuckerseg {
namespace {

/// Of a line: as many as are computed at once, or several times as many, whatever registers there are.
constexpr int64_t kVoxelsAtOnce = 32;
/// Channels that are computed at once; what is missing to a multiple is filled up with zeros.
constexpr int64_t kGroup = kLanes;

/// The convolution as it is computed.
struct Convolution {
  std::vector<float> input;    // padded, lines as long as a multiple of kVoxelsAtOnce reads
  std::vector<float> weights;  // [group][tap][kGroup]
  std::vector<float> biases;   // [group][kGroup]
  Size3 size;                  // of the answer
  Size3 kernel;
  int64_t line;   // of `input`, in floats
  int64_t plane;  // of `input`, in floats
  int64_t channels;

  int64_t Groups() const { return static_cast<int64_t>(biases.size()) / kGroup; }
  int64_t Taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  /// Of the padded input, where the answer's line of this number begins; lines are numbered through all planes.
  const float* LineOf(int64_t number) const { return input.data() + number / size[1] * plane + number % size[1] * line; }
};

Convolution ConvolutionOf(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias) {
  Convolution made;
  made.size = {input.size(2), input.size(3), input.size(4)};
  made.kernel = {weight.size(2), weight.size(3), weight.size(4)};
  made.channels = weight.size(0);
  const auto [d0, d1, d2] = made.size;
  const Size3 margin{(made.kernel[0] - 1) / 2, (made.kernel[1] - 1) / 2, (made.kernel[2] - 1) / 2};
  made.line = (d2 + kVoxelsAtOnce - 1) / kVoxelsAtOnce * kVoxelsAtOnce + made.kernel[2] - 1;
  made.plane = (d1 + made.kernel[1] - 1) * made.line;
  made.input.resize(static_cast<size_t>((d0 + made.kernel[0] - 1) * made.plane));
  const float* const voxels = input.const_data_ptr<float>();
  for (int64_t x = 0; x < d0; ++x)
    for (int64_t y = 0; y < d1; ++y) std::copy_n(voxels + (x * d1 + y) * d2, d2, made.input.data() + (x + margin[0]) * made.plane + (y + margin[1]) * made.line + margin[2]);

  const int64_t groups = (made.channels + kGroup - 1) / kGroup;
  made.weights.resize(static_cast<size_t>(groups * made.Taps() * kGroup));
  made.biases.resize(static_cast<size_t>(groups * kGroup));
  const at::Tensor taps = weight.flatten(1).contiguous();  // [channel, tap]
  for (int64_t c = 0; c < made.channels; ++c) {
    if (bias.defined()) made.biases[static_cast<size_t>(c)] = bias.const_data_ptr<float>()[c];
    for (int64_t tap = 0; tap < made.Taps(); ++tap)
      made.weights[static_cast<size_t>((c / kGroup * made.Taps() + tap) * kGroup + c % kGroup)] = taps.const_data_ptr<float>()[c * made.Taps() + tap];
  }
  return made;
}

/// The first voxel's values: as good as any near the mean, as the sums go on in float64.
std::vector<float> FirstVoxel(const Convolution& convolution) {
  std::vector<float> values = convolution.biases;
  for (int64_t group = 0; group < convolution.Groups(); ++group) {
    const float* weight = convolution.weights.data() + group * convolution.Taps() * kGroup;
    for (int64_t i = 0; i < convolution.kernel[0]; ++i)
      for (int64_t j = 0; j < convolution.kernel[1]; ++j)
        for (int64_t k = 0; k < convolution.kernel[2]; ++k, weight += kGroup)
          for (int64_t c = 0; c < kGroup; ++c)
            values[static_cast<size_t>(group * kGroup + c)] += convolution.input[static_cast<size_t>(i * convolution.plane + j * convolution.line + k)] * weight[c];
  }
  return values;
}

/// Voxels that are computed at once: with the channels of a group as many sums as there are registers for.
template <typename W>
constexpr int64_t kVectors = W::kLanes == 16 ? 2 : 1;

/// Vectors of voxels, of each channel of a group.
template <typename W>
struct Values {
  typename W::Lanes of[kGroup][kVectors<W>];
};

template <typename W>
[[gnu::always_inline]] inline void Convolve(const Convolution& convolution, int64_t group, const float* input, Values<W>& values) {
  using Lanes = typename W::Lanes;
  const float* weight = convolution.weights.data() + group * convolution.Taps() * kGroup;
  const float* const bias = convolution.biases.data() + group * kGroup;
  Lanes sums[kGroup][kVectors<W>];
#pragma GCC unroll 8
  for (int c = 0; c < kGroup; ++c)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors<W>; ++v) sums[c][v] = Lanes{} + bias[c];
  for (int64_t i = 0; i < convolution.kernel[0]; ++i) {
    for (int64_t j = 0; j < convolution.kernel[1]; ++j) {
      const float* const line = input + i * convolution.plane + j * convolution.line;
      for (int64_t k = 0; k < convolution.kernel[2]; ++k, weight += kGroup) {
        Lanes voxels[kVectors<W>];
#pragma GCC unroll 2
        for (int v = 0; v < kVectors<W>; ++v) voxels[v] = W::At(line + k + v * W::kLanes);
#pragma GCC unroll 8
        for (int c = 0; c < kGroup; ++c)
#pragma GCC unroll 2
          for (int v = 0; v < kVectors<W>; ++v) sums[c][v] += voxels[v] * weight[c];
      }
    }
  }
#pragma GCC unroll 8
  for (int c = 0; c < kGroup; ++c)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors<W>; ++v) values.of[c][v] = sums[c][v];
}

/// Adds lines from `first` to `last` of a group, as they are numbered through all planes, to `part`: kGroup sums, then kGroup sums of squares.
struct AddLines {
  const Convolution& convolution;
  int64_t group;
  int64_t first;
  int64_t last;
  const float* shift;
  double* part;

  template <typename W>
  [[gnu::always_inline]] void Run() const {
    using Lanes = typename W::Lanes;
    typename W::LaneNumbers lane;
    for (int i = 0; i < W::kLanes; ++i) lane[i] = i;
    Values<W> sum{};
    Values<W> squares{};
    for (int64_t number = first; number < last; ++number) {
      const float* const line = convolution.LineOf(number);
      for (int64_t z = 0; z < convolution.size[2]; z += kVectors<W> * W::kLanes) {
        Values<W> values;
        Convolve<W>(convolution, group, line + z, values);
#pragma GCC unroll 2
        for (int v = 0; v < kVectors<W>; ++v) {
          const auto there = static_cast<int>(std::min(convolution.size[2] - z - v * W::kLanes, W::kLanes));
#pragma GCC unroll 8
          for (int c = 0; c < kGroup; ++c) {
            const Lanes rest = lane < there ? values.of[c][v] - shift[c] : Lanes{};
            sum.of[c][v] += rest;
            squares.of[c][v] += rest * rest;
          }
        }
      }
    }
    for (int c = 0; c < kGroup; ++c)
      for (int v = 0; v < kVectors<W>; ++v)
        for (int i = 0; i < W::kLanes; ++i) {
          part[c] += static_cast<double>(sum.of[c][v][i]);
          part[kGroup + c] += static_cast<double>(squares.of[c][v][i]);
        }
  }
};

/// A line's channels of a group, normed. `result`: [voxel][channels], from the group's first channel on.
struct WriteLine {
  const Convolution& convolution;
  int64_t group;
  const float* line;
  const NormRule& rule;
  float negative_slope;
  float* result;

  template <typename W>
  [[gnu::always_inline]] void Run() const {
    constexpr int64_t kAtOnce = std::max(kVectors<W> * W::kLanes, kLanes);  // whole turns
    const int64_t channels = std::min(kGroup, convolution.channels - group * kGroup);
    for (int64_t z = 0; z < convolution.size[2]; z += kAtOnce) {
      alignas(64) float normed[kGroup][kAtOnce];
      for (int64_t c = channels; c < kGroup; ++c) std::fill_n(normed[c], kAtOnce, 0.0F);
      for (int64_t at = 0; at < kAtOnce; at += kVectors<W> * W::kLanes) {
        Values<W> values;
        Convolve<W>(convolution, group, line + z + at, values);
        for (int64_t c = 0; c < channels; ++c) {
          const auto channel = static_cast<size_t>(group * kGroup + c);
          for (int64_t v = 0; v < kVectors<W>; ++v) {
            const typename W::Lanes value = (values.of[c][v] - rule.mean[channel]) * rule.scale[channel] + rule.offset[channel];
            W::At(normed[c] + at + v * W::kLanes) = value < 0 ? value * negative_slope : value;
          }
        }
      }
      const int64_t count = std::min(kAtOnce, convolution.size[2] - z);
      for (int64_t voxel = 0; voxel < count; voxel += kLanes) WriteTurned(normed[0] + voxel, kAtOnce, channels, std::min(kLanes, count - voxel), result + (z + voxel) * convolution.channels);
    }
  }

  /// Up to kLanes voxels of `normed`, [channel][voxel] with `stride` from one channel to the next.
  [[gnu::always_inline]] void WriteTurned(const float* normed, int64_t stride, int64_t channels, int64_t voxels, float* written) const {
    Lanes lanes[kLanes];
    for (int64_t c = 0; c < kLanes; ++c) lanes[c] = LanesAt(normed + c * stride);
    Turn(lanes);
    for (int64_t i = 0; i < voxels; ++i, written += convolution.channels) {
      if (channels == kLanes) {
        LanesAt(written) = lanes[i];
      } else {
        for (int64_t c = 0; c < channels; ++c) written[c] = lanes[i][c];
      }
    }
  }
};

ChannelSums Measure(const Convolution& convolution) {
  const std::vector<float> shift = FirstVoxel(convolution);
  const int64_t lines = convolution.size[0] * convolution.size[1];
  const int64_t at_once = std::max<int64_t>(kSummedInFloat / convolution.size[2], 1);
  const int64_t blocks = (lines + at_once - 1) / at_once;
  const int64_t groups = convolution.Groups();
  std::vector<double> parts(static_cast<size_t>(blocks * groups * 2 * kGroup));
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block)
      for (int64_t group = 0; group < groups; ++group)
        RunOnWidestRegisters(AddLines{convolution, group, block * at_once, std::min((block + 1) * at_once, lines), shift.data() + group * kGroup, parts.data() + (block * groups + group) * 2 * kGroup});
  });
  ChannelSums sums;
  for (int64_t c = 0; c < convolution.channels; ++c) {
    double sum = 0;
    double squares = 0;
    for (int64_t block = 0; block < blocks; ++block) {
      const double* const part = parts.data() + (block * groups + c / kGroup) * 2 * kGroup + c % kGroup;
      sum += part[0];
      squares += part[kGroup];
    }
    sums.shift.push_back(static_cast<double>(shift[static_cast<size_t>(c)]));
    sums.sum.push_back(sum);
    sums.squares.push_back(squares);
  }
  return sums;
}

}  // namespace

at::Tensor NormedFirstConvolution(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& norm_weight, const at::Tensor& norm_bias, double epsilon,
                                  double negative_slope) {
  const Convolution convolution = ConvolutionOf(input, weight, bias);
  const auto [d0, d1, d2] = convolution.size;
  const NormRule rule = NormRuleOf(Measure(convolution), d0 * d1 * d2, norm_weight, norm_bias, epsilon);
  at::Tensor result = at::empty({1, convolution.channels, d0, d1, d2}, input.options(), at::MemoryFormat::ChannelsLast3d);
  float* const normed = result.mutable_data_ptr<float>();
  at::parallel_for(0, d0 * d1, std::max<int64_t>(kSummedInFloat / d2, 1), [&](int64_t begin, int64_t end) {
    for (int64_t number = begin; number < end; ++number) {
      for (int64_t group = 0; group < convolution.Groups(); ++group) {
        float* const line = normed + number * convolution.size[2] * convolution.channels + group * kGroup;
        RunOnWidestRegisters(WriteLine{convolution, group, convolution.LineOf(number), rule, static_cast<float>(negative_slope), line});
      }
    }
  });
  return result;
}

}  // namespace tuckerseg
