#include "engine/volume/line_resampler.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/error.h"
#include "engine/parallel.h"

namespace tuckerseg {
namespace {

/// Lines worked on side by side: one row of them fills two cache lines, and the recursive filter runs across them.
constexpr int64_t kLinesAtOnce = 16;

/// The cubic B-spline's recursive prefilter along the rows of [length][width], for half-sample symmetric borders: what scipy
/// does for its mode "nearest" (Unser, Aldroubi and Eden 1993; scipy's ni_splines.c).
void PrefilterSpline(double* lines, int64_t length, int64_t width) {
  const double pole = std::sqrt(3.0) - 2.0;
  const double gain = (1.0 - pole) * (1.0 - 1.0 / pole);
  for (int64_t i = 0; i < length * width; ++i) lines[i] *= gain;

  // The causal filter's start is the sum over the mirrored line; pole^40 is below 2^-53 of the first term.
  const int64_t terms = std::min<int64_t>(length, 40);
  const double pole_n = std::pow(pole, static_cast<double>(length));
  double* const first = lines;
  double* const last = lines + (length - 1) * width;
  for (int64_t w = 0; w < width; ++w) {
    double sum = first[w] + pole_n * last[w];
    double power = pole;
    for (int64_t i = 1; i < terms; ++i) {
      sum += power * (lines[i * width + w] + pole_n * lines[(length - 1 - i) * width + w]);
      power *= pole;
    }
    first[w] += sum * pole / (1.0 - pole_n * pole_n);
  }
  for (int64_t i = 1; i < length; ++i) {
    double* row = lines + i * width;
    for (int64_t w = 0; w < width; ++w) row[w] += pole * row[w - width];
  }
  for (int64_t w = 0; w < width; ++w) last[w] *= pole / (pole - 1.0);
  for (int64_t i = length - 2; i >= 0; --i) {
    double* row = lines + i * width;
    for (int64_t w = 0; w < width; ++w) row[w] = pole * (row[w + width] - row[w]);
  }
}

/// scipy's cubic weights at `t` in [0, 1) behind the second of four samples; the last closes the sum to 1.
std::array<double, 4> CubicWeights(double t) {
  const double u = 1.0 - t;
  const double first = u * u * u / 6.0;
  const double second = (t * t * (t - 2.0) * 3.0 + 4.0) / 6.0;
  const double third = (u * u * (u - 2.0) * 3.0 + 4.0) / 6.0;
  return {first, second, third, 1.0 - first - second - third};
}

}  // namespace

LineResampler::LineResampler(int64_t length_in, int64_t length_out, int order,
                             const std::function<double(int64_t)>& position)
    : length_in_(length_in), length_out_(length_out), order_(order), taps_(order + 1) {
  if (order != 0 && order != 1 && order != 3) {
    throw Error(ErrorCode::kInvalidArgument, "order = " + std::to_string(order) + ": must be 0, 1 or 3");
  }
  if (length_in < 1 || length_out < 1) {
    throw Error(ErrorCode::kInvalidArgument, "axis of " + std::to_string(length_in) + " voxels to " +
                                                 std::to_string(length_out) + ": both must be at least 1");
  }
  const auto end = static_cast<double>(length_in - 1);
  for (int64_t k = 0; k < length_out; ++k) {
    const double x = position(k);
    if (order == 0) {
      indices_.push_back(std::clamp<int64_t>(static_cast<int64_t>(std::floor(x + 0.5)), 0, length_in - 1));
      weights_.push_back(1.0);
    } else if (order == 1) {
      const double inside = std::clamp(x, 0.0, end);
      const double floor = std::floor(inside);
      const auto low = static_cast<int64_t>(floor);
      const double weight = 1.0 - (inside - floor);
      indices_.insert(indices_.end(), {low, std::min(low + 1, length_in - 1)});
      weights_.insert(weights_.end(), {weight, 1.0 - weight});
    } else {
      const double floor = std::floor(x);
      const int64_t start = static_cast<int64_t>(floor) - 1 + kSplinePadding;
      const std::array<double, 4> weights = CubicWeights(x - floor);
      for (int64_t tap = 0; tap < 4; ++tap) {
        indices_.push_back(std::clamp<int64_t>(start + tap, 0, length_in + 2 * kSplinePadding - 1));
      }
      weights_.insert(weights_.end(), weights.begin(), weights.end());
    }
  }
}

LineResampler HalfPixelLine(int64_t length_in, int64_t length_out, int order) {
  const double zoom = static_cast<double>(length_in) / static_cast<double>(length_out);
  return {length_in, length_out, order, [zoom](int64_t k) { return (static_cast<double>(k) + 0.5) * zoom - 0.5; }};
}

void LineResampler::Run(double* lines, int64_t width, double* output) const {
  const int64_t pad = padding();
  if (pad > 0) {
    const double* first = lines + pad * width;
    const double* last = lines + (pad + length_in_ - 1) * width;
    for (int64_t row = 0; row < pad; ++row) {
      std::copy_n(first, width, lines + row * width);
      std::copy_n(last, width, lines + (pad + length_in_ + row) * width);
    }
    PrefilterSpline(lines, length_in_ + 2 * pad, width);
  }
  for (int64_t k = 0; k < length_out_; ++k) {
    double* target = output + k * width;
    for (int64_t tap = 0; tap < taps_; ++tap) {
      const auto at = static_cast<size_t>(k * taps_ + tap);
      const double* source = lines + indices_[at] * width;
      const double weight = weights_[at];
      if (tap == 0) {
        for (int64_t w = 0; w < width; ++w) target[w] = source[w] * weight;
      } else {
        for (int64_t w = 0; w < width; ++w) target[w] += source[w] * weight;
      }
    }
  }
}

template <typename T>
std::vector<double> ResampleAlong(std::span<const T> input, const ArrayShape& shape, int axis, const LineResampler& resampler,
                                  const Threads& threads) {
  // The array as [outer][line][inner]; lines are numbered outer * inner_count + inner.
  int64_t outer = 1;
  int64_t inner = 1;
  for (int a = 0; a < axis; ++a) outer *= shape[static_cast<size_t>(a)];
  for (int a = axis + 1; a < 3; ++a) inner *= shape[static_cast<size_t>(a)];
  const int64_t in = resampler.length_in();
  const int64_t out = resampler.length_out();
  const int64_t lines = outer * inner;
  std::vector<double> result(static_cast<size_t>(lines * out));

  const int64_t blocks = (lines + kLinesAtOnce - 1) / kLinesAtOnce;
  ParallelFor(threads, blocks, [&](int64_t begin, int64_t end) {
    const int64_t pad = resampler.padding();
    std::vector<double> rows(static_cast<size_t>((in + 2 * pad) * kLinesAtOnce));
    std::vector<double> sampled(static_cast<size_t>(out * kLinesAtOnce));
    std::array<int64_t, kLinesAtOnce> from;
    std::array<int64_t, kLinesAtOnce> to;
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * kLinesAtOnce;
      const int64_t width = std::min(kLinesAtOnce, lines - first);
      for (int64_t w = 0; w < width; ++w) {
        const int64_t o = (first + w) / inner;
        const int64_t i = (first + w) % inner;
        from[static_cast<size_t>(w)] = o * in * inner + i;
        to[static_cast<size_t>(w)] = o * out * inner + i;
      }
      for (int64_t n = 0; n < in; ++n)
        for (int64_t w = 0; w < width; ++w)
          rows[static_cast<size_t>((pad + n) * width + w)] =
              static_cast<double>(input[static_cast<size_t>(from[static_cast<size_t>(w)] + n * inner)]);
      resampler.Run(rows.data(), width, sampled.data());
      for (int64_t n = 0; n < out; ++n)
        for (int64_t w = 0; w < width; ++w)
          result[static_cast<size_t>(to[static_cast<size_t>(w)] + n * inner)] = sampled[static_cast<size_t>(n * width + w)];
    }
  });
  return result;
}

template std::vector<double> ResampleAlong(std::span<const float>, const ArrayShape&, int, const LineResampler&, const Threads&);
template std::vector<double> ResampleAlong(std::span<const double>, const ArrayShape&, int, const LineResampler&, const Threads&);

}  // namespace tuckerseg
