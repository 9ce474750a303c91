/// Resamples an array along one axis at a time: what a separable interpolation in three dimensions is made of.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/volume/resample.h"

namespace tuckerseg {

/// From n_in samples on a line to n_out, in double, borders replicated.
class LineResampler {
 public:
  /// Output k samples the line at `position(k)`. order 0: nearest, floor(x + 0.5); 1: linear; 3: interpolating cubic
  /// B-spline after padding the edge by 12 samples, prefiltered with scipy's boundary rule for mode "nearest".
  /// Orders 0 and 1 clamp positions to the line. Errors: kInvalidArgument for another order or an empty line.
  LineResampler(int64_t length_in, int64_t length_out, int order, const std::function<double(int64_t)>& position);

  int64_t length_in() const { return length_in_; }
  int64_t length_out() const { return length_out_; }

  /// Resamples `width` lines that lie side by side: `lines` is [length_in + 2 * padding()][width], filled from row
  /// padding() on and worked on in place; `output` is [length_out][width].
  void Run(double* lines, int64_t width, double* output) const;
  int64_t padding() const { return order_ == 3 ? kSplinePadding : 0; }

  /// What output k is made of, orders 0 and 1: the weighted sum of input samples Index(k, tap), ascending, 0 <= tap < taps().
  int64_t taps() const { return taps_; }
  int64_t Index(int64_t k, int64_t tap) const { return indices_[static_cast<size_t>(k * taps_ + tap)]; }
  double Weight(int64_t k, int64_t tap) const { return weights_[static_cast<size_t>(k * taps_ + tap)]; }

 private:
  static constexpr int64_t kSplinePadding = 12;

  int64_t length_in_;
  int64_t length_out_;
  int order_;
  int64_t taps_;                  // samples that each output is made of
  std::vector<int64_t> indices_;  // [length_out][taps], rows of the padded line
  std::vector<double> weights_;   // [length_out][taps]
};

/// Half-pixel centres: output k samples at x = (k + 0.5) * length_in / length_out - 0.5.
LineResampler HalfPixelLine(int64_t length_in, int64_t length_out, int order);

/// Resamples `input` (C order) along `axis` (0, 1 or 2); the other axes stay. Input may be float or double.
template <typename T>
std::vector<double> ResampleAlong(std::span<const T> input, const ArrayShape& shape, int axis, const LineResampler& resampler,
                                  const Threads& threads);

}  // namespace tuckerseg
