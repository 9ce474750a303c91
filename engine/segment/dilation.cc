#include "engine/segment/dilation.h"

#include <algorithm>
#include <cmath>

#include "engine/stopping.h"

namespace tuckerseg {
namespace {

constexpr size_t kVoxelsBetweenLooks = 1 << 12;  // each with some dozen neighbours

using Offset = std::array<int64_t, 3>;

/// Grid points of one axis, and the place of the middle one.
std::vector<double> AxisPoints(double radius) {
  std::vector<double> points;
  for (int64_t i = 0; static_cast<double>(i) - radius < radius + 1; ++i) points.push_back(static_cast<double>(i) - radius);
  return points;
}

std::vector<Offset> EllipsoidOffsets(const Spacing3& spacing_mm, double radius_mm) {
  std::array<std::vector<double>, 3> points;
  std::array<double, 3> radius;
  for (size_t a = 0; a < 3; ++a) {
    radius[a] = radius_mm / spacing_mm[a];
    points[a] = AxisPoints(radius[a]);
  }
  std::vector<Offset> offsets;
  const auto middle = [&](size_t a, size_t i) { return static_cast<int64_t>(i) - static_cast<int64_t>(points[a].size() / 2); };
  const auto part = [&](size_t a, size_t i) { return points[a][i] * points[a][i] / (radius[a] * radius[a]); };
  for (size_t i = 0; i < points[0].size(); ++i)
    for (size_t j = 0; j < points[1].size(); ++j)
      for (size_t k = 0; k < points[2].size(); ++k)
        if (part(0, i) + part(1, j) + part(2, k) <= 1) offsets.push_back({middle(0, i), middle(1, j), middle(2, k)});
  return offsets;
}

bool Inside(const Offset& at, const ArrayShape& shape) {
  for (size_t a = 0; a < 3; ++a)
    if (at[a] < 0 || at[a] >= shape[a]) return false;
  return true;
}

}  // namespace

void DilateLabels(std::span<uint16_t> labels, const ArrayShape& shape, const Spacing3& spacing_mm, double radius_mm, const std::stop_token& stop) {
  const std::vector<Offset> offsets = EllipsoidOffsets(spacing_mm, radius_mm);
  // The voxels of each label as they are before it grows; what others have grown does not grow again.
  std::vector<std::vector<int64_t>> voxels(65536);
  for (size_t v = 0; v < labels.size(); ++v)
    if (labels[v] != 0) voxels[labels[v]].push_back(static_cast<int64_t>(v));
  size_t grown = 0;
  for (size_t label = 1; label < voxels.size(); ++label)
    for (const int64_t voxel : voxels[label]) {
      if (grown++ % kVoxelsBetweenLooks == 0) ThrowIfStopped(stop);
      const Offset at{voxel / (shape[1] * shape[2]), voxel / shape[2] % shape[1], voxel % shape[2]};
      for (const Offset& offset : offsets) {
        const Offset to{at[0] + offset[0], at[1] + offset[1], at[2] + offset[2]};
        if (!Inside(to, shape)) continue;
        uint16_t& target = labels[static_cast<size_t>((to[0] * shape[1] + to[1]) * shape[2] + to[2])];
        if (target == 0) target = static_cast<uint16_t>(label);
      }
    }
}

void DilateByFaces(std::span<uint8_t> mask, const ArrayShape& shape, int64_t steps, const std::stop_token& stop) {
  const int64_t plane = shape[1] * shape[2];
  std::vector<int64_t> front;
  for (size_t v = 0; v < mask.size(); ++v)
    if (mask[v] != 0) front.push_back(static_cast<int64_t>(v));
  for (int64_t step = 0; step < steps && !front.empty(); ++step) {
    std::vector<int64_t> next;
    size_t grown = 0;
    for (const int64_t voxel : front) {
      if (grown++ % kVoxelsBetweenLooks == 0) ThrowIfStopped(stop);
      const auto visit = [&](bool exists, int64_t neighbour) {
        if (!exists || mask[static_cast<size_t>(neighbour)] != 0) return;
        mask[static_cast<size_t>(neighbour)] = 1;
        next.push_back(neighbour);
      };
      const int64_t y = voxel / shape[2] % shape[1];
      const int64_t x = voxel % shape[2];
      visit(voxel >= plane, voxel - plane);
      visit(voxel + plane < static_cast<int64_t>(mask.size()), voxel + plane);
      visit(y > 0, voxel - shape[2]);
      visit(y + 1 < shape[1], voxel + shape[2]);
      visit(x > 0, voxel - 1);
      visit(x + 1 < shape[2], voxel + 1);
    }
    front = std::move(next);
  }
}

}  // namespace tuckerseg
