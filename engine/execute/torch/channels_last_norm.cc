#include "engine/execute/torch/channels_last_norm.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/execute/torch/lanes.h"
#include "engine/execute/torch/norm_rule.h"
#include "engine/execute/torch/parallel_loops.h"

namespace tuckerseg {
namespace {

/// With few channels several voxels are one row, so that the inner loop is long enough to be run in vectors.
constexpr int64_t kLeastRow = 64;
/// Voxels that are scaled before they are turned around: few enough to stay in a cache meanwhile.
constexpr int64_t kTurnedBlock = 256;

/// ChannelSums of a block, by place in a row.
struct BlockSums {
  const float* shift;  // [row]
  float* sum;          // [row]
  float* squares;      // [row]
};

/// Of one place in all rows.
[[gnu::always_inline]] inline void AddPlace(const float* values, int64_t count, int64_t row, int64_t place, const BlockSums& sums) {
  float sum = 0;
  float squares = 0;
  for (int64_t at = place; at < count; at += row) {
    const float rest = values[at] - sums.shift[place];
    sum += rest;
    squares += rest * rest;
  }
  sums.sum[place] = sum;
  sums.squares[place] = squares;
}

/// Places outside and rows inside, so that the sums stay in registers; a block is small enough to be in a cache when it is walked through again. What stands behind the last whole row is whole
/// voxels, of the first channel on, and is added place by place.
[[gnu::always_inline]] inline void AddRowsAnywhere(const float* values, int64_t count, int64_t row, const BlockSums& sums) {
  const int64_t whole = count / row * row;
  int64_t place = 0;
  for (; place + kLanes <= row; place += kLanes) {
    const Lanes shift = LanesAt(sums.shift + place);
    Lanes sum{};
    Lanes squares{};
    for (int64_t at = place; at < whole; at += row) {
      const Lanes rest = LanesAt(values + at) - shift;
      sum += rest;
      squares += rest * rest;
    }
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      if (whole + place + lane < count) {
        const float rest = values[whole + place + lane] - shift[lane];
        sum[lane] += rest;
        squares[lane] += rest * rest;
      }
      sums.sum[place + lane] = sum[lane];
      sums.squares[place + lane] = squares[lane];
    }
  }
  for (; place < row; ++place) AddPlace(values, count, row, place, sums);
}

[[gnu::target("avx2")]] void AddRowsOnAvx2(const float* values, int64_t count, int64_t row, const BlockSums& sums) { AddRowsAnywhere(values, count, row, sums); }

void AddRows(const float* values, int64_t count, int64_t row, const BlockSums& sums) {
  if (__builtin_cpu_supports("avx2")) return AddRowsOnAvx2(values, count, row, sums);
  AddRowsAnywhere(values, count, row, sums);
}

/// NormRule by place in a row.
struct RowRule {
  const float* mean;    // [row]
  const float* scale;   // [row]
  const float* offset;  // [row]
  float negative_slope;
};

[[gnu::always_inline]] inline void ScaleRow(const float* values, int64_t count, const RowRule& rule, float* result) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const Lanes normed = (LanesAt(values + i) - LanesAt(rule.mean + i)) * LanesAt(rule.scale + i) + LanesAt(rule.offset + i);
    LanesAt(result + i) = normed < 0 ? normed * rule.negative_slope : normed;
  }
  for (; i < count; ++i) {
    const float normed = (values[i] - rule.mean[i]) * rule.scale[i] + rule.offset[i];
    result[i] = normed < 0 ? normed * rule.negative_slope : normed;
  }
}

[[gnu::always_inline]] inline void ScaleRowsAnywhere(const float* values, int64_t count, int64_t row, const RowRule& rule, float* result) {
  int64_t first = 0;
  for (; first + row <= count; first += row) ScaleRow(values + first, row, rule, result + first);
  ScaleRow(values + first, count - first, rule, result + first);
}

[[gnu::target("avx2")]] void ScaleRowsOnAvx2(const float* values, int64_t count, int64_t row, const RowRule& rule, float* result) {
  ScaleRowsAnywhere(values, count, row, rule, result);
}

void ScaleRows(const float* values, int64_t count, int64_t row, const RowRule& rule, float* result) {
  if (__builtin_cpu_supports("avx2")) return ScaleRowsOnAvx2(values, count, row, rule, result);
  ScaleRowsAnywhere(values, count, row, rule, result);
}

/// One value a channel, again for each voxel of a row.
std::vector<float> Repeated(const float* values, int64_t channels, int64_t row) {
  std::vector<float> repeated(static_cast<size_t>(row));
  for (int64_t i = 0; i < row; ++i) repeated[static_cast<size_t>(i)] = values[i % channels];
  return repeated;
}

ChannelSums Measure(const float* values, int64_t voxels, int64_t channels, int64_t row) {
  const std::vector<float> shift = Repeated(values, channels, row);  // the first voxel: as good as any near the mean, as the sums go on in float64
  const int64_t blocks = (voxels + kSummedInFloat - 1) / kSummedInFloat;
  std::vector<double> parts(static_cast<size_t>(blocks * 2 * channels));
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> sums(static_cast<size_t>(2 * row));
    for (int64_t block = begin; block < end; ++block) {
      const int64_t count = std::min(kSummedInFloat, voxels - block * kSummedInFloat) * channels;
      AddRows(values + block * kSummedInFloat * channels, count, row, {shift.data(), sums.data(), sums.data() + row});
      double* part = parts.data() + block * 2 * channels;
      for (int64_t i = 0; i < row; ++i) {
        part[i % channels] += static_cast<double>(sums[static_cast<size_t>(i)]);
        part[channels + i % channels] += static_cast<double>(sums[static_cast<size_t>(row + i)]);
      }
    }
  });
  const std::vector<double> zeros(static_cast<size_t>(channels));
  ChannelSums sums{.shift{values, values + channels}, .sum = zeros, .squares = zeros};
  for (int64_t block = 0; block < blocks; ++block) {
    for (int64_t c = 0; c < channels; ++c) {
      sums.sum[static_cast<size_t>(c)] += parts[static_cast<size_t>(block * 2 * channels + c)];
      sums.squares[static_cast<size_t>(c)] += parts[static_cast<size_t>((block * 2 + 1) * channels + c)];
    }
  }
  return sums;
}

/// Voxels whose channels lie side by side, to [channel][voxel] with `stride` from one channel to the next.
[[gnu::always_inline]] inline void TurnAnywhere(const float* values, int64_t voxels, int64_t channels, float* result, int64_t stride) {
  for (int64_t channel = 0; channel < channels; channel += kLanes) {
    const bool is_whole = channel + kLanes <= channels;
    int64_t voxel = 0;
    for (; is_whole && voxel + kLanes <= voxels; voxel += kLanes) {
      Lanes lanes[kLanes];
      for (int64_t i = 0; i < kLanes; ++i) lanes[i] = LanesAt(values + (voxel + i) * channels + channel);
      Turn(lanes);
      for (int64_t i = 0; i < kLanes; ++i) LanesAt(result + (channel + i) * stride + voxel) = lanes[i];
    }
    for (; voxel < voxels; ++voxel)
      for (int64_t c = channel; c < std::min(channel + kLanes, channels); ++c) result[c * stride + voxel] = values[voxel * channels + c];
  }
}

[[gnu::target("avx2")]] void TurnOnAvx2(const float* values, int64_t voxels, int64_t channels, float* result, int64_t stride) {
  TurnAnywhere(values, voxels, channels, result, stride);
}

void TurnBlock(const float* values, int64_t voxels, int64_t channels, float* result, int64_t stride) {
  if (__builtin_cpu_supports("avx2")) return TurnOnAvx2(values, voxels, channels, result, stride);
  TurnAnywhere(values, voxels, channels, result, stride);
}

at::Tensor ResultFor(const at::Tensor& features, NormAnswer answer) {
  switch (answer) {
    case NormAnswer::kInPlace: return features;
    case NormAnswer::kInCOrder: return at::empty_like(features, features.options(), at::MemoryFormat::Contiguous);
    case NormAnswer::kAsTheyLie: break;
  }
  return at::empty_like(features);
}

}  // namespace

at::Tensor NormChannelsLast(const at::Tensor& features, const at::Tensor& weight, const at::Tensor& bias, double epsilon, double negative_slope, NormAnswer answer) {
  const int64_t channels = features.size(1);
  const int64_t voxels = features.numel() / channels;
  const int64_t row = std::max<int64_t>(kLeastRow / channels, 1) * channels;
  const float* values = features.const_data_ptr<float>();
  const NormRule rule = NormRuleOf(Measure(values, voxels, channels, row), voxels, weight, bias, epsilon);
  const std::vector<float> means = Repeated(rule.mean.data(), channels, row);
  const std::vector<float> scales = Repeated(rule.scale.data(), channels, row);
  const std::vector<float> offsets = Repeated(rule.offset.data(), channels, row);
  const RowRule row_rule{means.data(), scales.data(), offsets.data(), static_cast<float>(negative_slope)};

  at::Tensor result = ResultFor(features, answer);
  float* normed = result.mutable_data_ptr<float>();
  const bool turns = answer == NormAnswer::kInCOrder;
  at::parallel_for(0, (voxels + kSummedInFloat - 1) / kSummedInFloat, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> turned(static_cast<size_t>(turns ? kTurnedBlock * channels : 0));
    const int64_t last = std::min(end * kSummedInFloat, voxels);
    const int64_t at_once = turns ? kTurnedBlock : last - begin * kSummedInFloat;
    for (int64_t voxel = begin * kSummedInFloat; voxel < last; voxel += at_once) {
      const int64_t count = std::min(at_once, last - voxel);
      float* const scaled = turns ? turned.data() : normed + voxel * channels;
      ScaleRows(values + voxel * channels, count * channels, row, row_rule, scaled);
      if (turns) TurnBlock(scaled, count, channels, normed + voxel, voxels);
    }
  });
  return result;
}

}  // namespace tuckerseg
