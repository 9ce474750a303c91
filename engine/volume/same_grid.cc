#include "engine/volume/same_grid.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr double kGridToleranceVoxels = 0.1;

std::string ShapeText(const Index3& shape) {
  return std::to_string(shape[0]) + " x " + std::to_string(shape[1]) + " x " + std::to_string(shape[2]);
}

/// How far the two affines move the grid's corners apart, in voxels of the smallest spacing.
double CornerDistance(const Geometry& a, const Geometry& b) {
  const Spacing3 spacing = a.AffineSpacingMm();
  double largest = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double squares = 0;
    for (size_t row = 0; row < 3; ++row) {
      double difference = a.affine_ras.translation[row] - b.affine_ras.translation[row];
      for (size_t axis = 0; axis < 3; ++axis) {
        const auto index = static_cast<double>((corner >> axis & 1) != 0 ? a.shape[axis] - 1 : 0);
        difference += (a.affine_ras.linear[row][axis] - b.affine_ras.linear[row][axis]) * index;
      }
      squares += difference * difference;
    }
    largest = std::max(largest, std::sqrt(squares));
  }
  return largest / *std::min_element(spacing.begin(), spacing.end());
}

}  // namespace

void CheckSameGrid(const std::string& what, const Geometry& found, const std::string& as, const Geometry& expected) {
  if (found.shape != expected.shape) {
    throw Error(ErrorCode::kInvalidArgument, what + " of " + ShapeText(found.shape) + " voxels: must be " + ShapeText(expected.shape) + ", as " + as);
  }
  const double distance = CornerDistance(expected, found);
  if (distance > kGridToleranceVoxels) {
    throw Error(ErrorCode::kInvalidArgument, what + " lie " + std::to_string(distance) + " voxels from " + as + ": must be at most " +
                                                 std::to_string(kGridToleranceVoxels));
  }
}

}  // namespace tuckerseg
