/// A straight line through measurements, and how sure its slope is.
#pragma once

#include <span>
#include <vector>

namespace tuckerseg::load {

struct Measured {
  double x = 0;
  double y = 0;
  bool operator==(const Measured&) const = default;
};

struct LineFit {
  double slope = 0;
  double slope_error = 0;  ///< standard error: about 95 of 100 such slopes lie within twice this of the true one
  double mean_y = 0;
};

/// By least squares. Errors: kInvalidArgument for fewer than three points, or where all have one x.
LineFit FitLine(std::span<const Measured> points);

/// The means of the points that lie in one block of `width` along x, counted from the first point's x, in order. Measurements that follow one another
/// are alike, and a fit that takes each for a new one is too sure of its slope; means over blocks longer than that likeness are not. `points`:
/// ascending by x.
std::vector<Measured> BlockMeans(std::span<const Measured> points, double width);

}  // namespace tuckerseg::load
