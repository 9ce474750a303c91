#include "tests/load/line_fit.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "engine/error.h"

namespace tuckerseg::load {

LineFit FitLine(std::span<const Measured> points) {
  const auto count = static_cast<double>(points.size());
  if (points.size() < 3) throw Error(ErrorCode::kInvalidArgument, "points = " + std::to_string(points.size()) + ": must be at least 3");
  double mean_x = 0;
  double mean_y = 0;
  for (const Measured& point : points) {
    mean_x += point.x / count;
    mean_y += point.y / count;
  }
  double spread = 0;
  double product = 0;
  for (const Measured& point : points) {
    spread += (point.x - mean_x) * (point.x - mean_x);
    product += (point.x - mean_x) * (point.y - mean_y);
  }
  if (spread <= 0) throw Error(ErrorCode::kInvalidArgument, "points: must have more than one x");
  const double slope = product / spread;
  double residuals = 0;
  for (const Measured& point : points) {
    const double residual = point.y - mean_y - slope * (point.x - mean_x);
    residuals += residual * residual;
  }
  return {slope, std::sqrt(residuals / (count - 2) / spread), mean_y};
}

std::vector<Measured> BlockMeans(std::span<const Measured> points, double width) {
  std::vector<Measured> means;
  for (size_t begin = 0; begin < points.size();) {
    const double block = std::floor((points[begin].x - points.front().x) / width);
    Measured sum;
    size_t end = begin;
    for (; end < points.size() && std::floor((points[end].x - points.front().x) / width) == block; ++end) {
      sum.x += points[end].x;
      sum.y += points[end].y;
    }
    const auto count = static_cast<double>(end - begin);
    means.push_back({sum.x / count, sum.y / count});
    begin = end;
  }
  return means;
}

}  // namespace tuckerseg::load
