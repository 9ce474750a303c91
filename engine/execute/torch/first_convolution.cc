#include "engine/execute/torch/first_convolution.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/error.h"
#include "engine/execute/torch/lanes.h"
#include "engine/execute/torch/norm_rule.h"
#include "engine/execute/torch/parallel_loops.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {
namespace {

constexpr int64_t kVoxelsAtOnce = 32;  // of a line: two vectors
constexpr int64_t kWide = 16;          // floats of a vector
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

#if defined(__x86_64__)

/// Two vectors of voxels, of each channel of a group.
struct Values {
  __m512 of[kGroup][2];
};

[[gnu::target("avx512f"), gnu::always_inline]] inline void Convolve(const Convolution& convolution, int64_t group, const float* input, Values& values) {
  const float* weight = convolution.weights.data() + group * convolution.Taps() * kGroup;
  const float* const bias = convolution.biases.data() + group * kGroup;
  __m512 sums[kGroup][2];
#pragma GCC unroll 8
  for (int c = 0; c < kGroup; ++c) sums[c][0] = sums[c][1] = _mm512_set1_ps(bias[c]);
  for (int64_t i = 0; i < convolution.kernel[0]; ++i) {
    for (int64_t j = 0; j < convolution.kernel[1]; ++j) {
      const float* const line = input + i * convolution.plane + j * convolution.line;
      for (int64_t k = 0; k < convolution.kernel[2]; ++k, weight += kGroup) {
        const __m512 first = _mm512_loadu_ps(line + k);
        const __m512 second = _mm512_loadu_ps(line + k + kWide);
#pragma GCC unroll 8
        for (int c = 0; c < kGroup; ++c) {
          const __m512 factor = _mm512_set1_ps(weight[c]);
          sums[c][0] = _mm512_fmadd_ps(first, factor, sums[c][0]);
          sums[c][1] = _mm512_fmadd_ps(second, factor, sums[c][1]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int c = 0; c < kGroup; ++c) {
    values.of[c][0] = sums[c][0];
    values.of[c][1] = sums[c][1];
  }
}

/// Of kWide voxels: those below `count`.
[[gnu::target("avx512f"), gnu::always_inline]] inline __mmask16 MaskOf(int64_t count) { return static_cast<__mmask16>(count >= kWide ? 0xFFFF : count <= 0 ? 0 : (1 << count) - 1); }

[[gnu::target("avx512f"), gnu::always_inline]] inline double SumOf(const __m512& values) {
  float lanes[kWide];
  _mm512_storeu_ps(lanes, values);
  double sum = 0;
  for (const float lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

/// Adds lines from `first` to `last` of a group, as they are numbered through all planes, to `part`: kGroup sums, then kGroup sums of squares.
[[gnu::target("avx512f")]] void AddLines(const Convolution& convolution, int64_t group, int64_t first, int64_t last, const float* shift, double* part) {
  Values sum{};
  Values squares{};
  for (int64_t number = first; number < last; ++number) {
    const float* const line = convolution.input.data() + number / convolution.size[1] * convolution.plane + number % convolution.size[1] * convolution.line;
    for (int64_t z = 0; z < convolution.size[2]; z += kVoxelsAtOnce) {
      Values values;
      Convolve(convolution, group, line + z, values);
      for (int half = 0; half < 2; ++half) {
        const __mmask16 mask = MaskOf(convolution.size[2] - z - half * kWide);
#pragma GCC unroll 8
        for (int c = 0; c < kGroup; ++c) {
          const __m512 rest = _mm512_maskz_sub_ps(mask, values.of[c][half], _mm512_set1_ps(shift[c]));
          sum.of[c][half] = _mm512_add_ps(sum.of[c][half], rest);
          squares.of[c][half] = _mm512_fmadd_ps(rest, rest, squares.of[c][half]);
        }
      }
    }
  }
  for (int c = 0; c < kGroup; ++c) {
    for (int half = 0; half < 2; ++half) {
      part[c] += SumOf(sum.of[c][half]);
      part[kGroup + c] += SumOf(squares.of[c][half]);
    }
  }
}

/// A line's channels of a group, normed. `result`: [voxel][channels], from the group's first channel on.
[[gnu::target("avx512f")]] void WriteLine(const Convolution& convolution, int64_t group, const float* line, const NormRule& rule, float negative_slope, float* result) {
  const int64_t channels = std::min(kGroup, convolution.channels - group * kGroup);
  const __m512 zero = _mm512_setzero_ps();
  const __m512 slope = _mm512_set1_ps(negative_slope);
  for (int64_t z = 0; z < convolution.size[2]; z += kVoxelsAtOnce) {
    Values values;
    Convolve(convolution, group, line + z, values);
    alignas(64) float normed[kGroup][kVoxelsAtOnce];
    for (int64_t c = 0; c < channels; ++c) {
      const auto channel = static_cast<size_t>(group * kGroup + c);
      const __m512 mean = _mm512_set1_ps(rule.mean[channel]);
      const __m512 scale = _mm512_set1_ps(rule.scale[channel]);
      const __m512 offset = _mm512_set1_ps(rule.offset[channel]);
      for (int half = 0; half < 2; ++half) {
        const __m512 value = _mm512_fmadd_ps(_mm512_sub_ps(values.of[c][half], mean), scale, offset);
        const __mmask16 below = _mm512_cmp_ps_mask(value, zero, _CMP_LT_OQ);
        _mm512_store_ps(normed[c] + half * kWide, _mm512_mask_mul_ps(value, below, value, slope));
      }
    }
    for (int64_t c = channels; c < kGroup; ++c) std::fill_n(normed[c], kVoxelsAtOnce, 0.0F);
    const int64_t count = std::min(kVoxelsAtOnce, convolution.size[2] - z);
    for (int64_t voxel = 0; voxel < count; voxel += kLanes) {
      Lanes lanes[kLanes];
      for (int64_t c = 0; c < kLanes; ++c) lanes[c] = LanesAt(normed[c] + voxel);
      Turn(lanes);
      for (int64_t i = 0; i < std::min(kLanes, count - voxel); ++i) {
        float* const written = result + (z + voxel + i) * convolution.channels;
        if (channels == kLanes) {
          LanesAt(written) = lanes[i];
        } else {
          for (int64_t c = 0; c < channels; ++c) written[c] = lanes[i][c];
        }
      }
    }
  }
}

#else

void AddLines(const Convolution&, int64_t, int64_t, int64_t, const float*, double*) { throw Error(ErrorCode::kInternal, "a first convolution on a processor without AVX-512"); }
void WriteLine(const Convolution&, int64_t, const float*, const NormRule&, float, float*) {}

#endif

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
        AddLines(convolution, group, block * at_once, std::min((block + 1) * at_once, lines), shift.data() + group * kGroup, parts.data() + (block * groups + group) * 2 * kGroup);
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
      const float* const line = convolution.input.data() + number / convolution.size[1] * convolution.plane + number % convolution.size[1] * convolution.line;
      for (int64_t group = 0; group < convolution.Groups(); ++group)
        WriteLine(convolution, group, line, rule, static_cast<float>(negative_slope), normed + number * convolution.size[2] * convolution.channels + group * kGroup);
    }
  });
  return result;
}

}  // namespace tuckerseg
