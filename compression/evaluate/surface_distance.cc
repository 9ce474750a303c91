#include "compression/evaluate/surface_distance.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "compression/evaluate/distance_transform.h"
#include "compression/evaluate/label_box.h"
#include "compression/evaluate/surfel_area.h"
#include "engine/parallel.h"

namespace tuckerseg {
namespace {

constexpr double kRobustShare = 0.95;

/// One structure's surroundings: a box of voxels, and the corners between and around them, one more along each axis.
struct Surroundings {
  Index3 shape;  ///< of the whole grid
  VoxelBox box;
  Index3 corners;

  Surroundings(const Index3& grid, const VoxelBox& around) : shape(grid), box(around) {
    for (size_t axis = 0; axis < 3; ++axis) corners[axis] = box.end[axis] - box.begin[axis] + 1;
  }
};

/// Sets `bit` in `mask` of each voxel of row (j, k) of the box that belongs to `value`; rows outside the box hold none.
void MarkRow(std::span<const uint16_t> labels, const Surroundings& around, uint16_t value, int64_t j, int64_t k, uint8_t bit, std::span<uint8_t> mask) {
  const VoxelBox& box = around.box;
  if (j < box.begin[1] || j >= box.end[1] || k < box.begin[2] || k >= box.end[2]) return;
  const uint16_t* row = labels.data() + (k * around.shape[1] + j) * around.shape[0] + box.begin[0];
  for (size_t i = 0; i + 1 < mask.size(); ++i) mask[i] = static_cast<uint8_t>(mask[i] | (row[i] == value ? bit : 0));
}

/// Neighbour codes (surfel_area.h) of one row of corners, 0 where there is no surface.
void CodeRow(std::span<const uint8_t> mask, std::span<uint8_t> codes) {
  // mask: bit 0 for the voxel of (j - 1, k - 1), 2 of (j, k - 1), 4 of (j - 1, k), 6 of (j, k): the code of a corner whose voxels before
  // it along i are all outside, one place too low. The last one of the row, beyond the box, is 0.
  uint8_t before = 0;
  for (size_t i = 0; i < codes.size(); ++i) {
    const auto code = static_cast<uint8_t>(before | mask[i] << 1);
    codes[i] = code == 255 ? 0 : code;
    before = mask[i];
  }
}

/// Code of each corner of a structure's surface, 0 of all others.
std::vector<uint8_t> SurfaceCodes(std::span<const uint16_t> labels, const Surroundings& around, uint16_t value, int threads) {
  const Index3& corners = around.corners;
  std::vector<uint8_t> codes(static_cast<size_t>(corners[0] * corners[1] * corners[2]));
  ParallelFor(threads, corners[2], [&](int64_t begin, int64_t end) {
    std::vector<uint8_t> mask(static_cast<size_t>(corners[0]));
    for (int64_t row = begin * corners[1]; row < end * corners[1]; ++row) {
      std::fill(mask.begin(), mask.end(), uint8_t{0});
      const int64_t j = around.box.begin[1] + row % corners[1];
      const int64_t k = around.box.begin[2] + row / corners[1];
      MarkRow(labels, around, value, j - 1, k - 1, 1, mask);
      MarkRow(labels, around, value, j, k - 1, 4, mask);
      MarkRow(labels, around, value, j - 1, k, 16, mask);
      MarkRow(labels, around, value, j, k, 64, mask);
      CodeRow(mask, std::span(codes).subspan(static_cast<size_t>(row * corners[0]), static_cast<size_t>(corners[0])));
    }
  });
  return codes;
}

/// Elements of one surface: distance to the other surface and area, ascending.
struct Surfels {
  std::vector<std::pair<double, double>> distance_and_area;
  double area = 0;

  double AreaWithin(double tolerance_mm) const {
    double near = 0;
    for (const auto& [distance, area_mm2] : distance_and_area) near += distance <= tolerance_mm ? area_mm2 : 0;
    return near;
  }
  double MeanDistance() const {
    double sum = 0;
    for (const auto& [distance, area_mm2] : distance_and_area) sum += distance * area_mm2;
    return sum / area;
  }
  /// The first distance up to which at least `share` of the area lies.
  double Percentile(double share) const {
    double reached = 0;
    for (const auto& [distance, area_mm2] : distance_and_area) {
      reached += area_mm2;
      if (reached / area >= share) return distance;
    }
    return distance_and_area.back().first;
  }
};

Surfels MeasureFrom(std::span<const uint8_t> from, std::span<const uint8_t> to, const Surroundings& around, const Spacing3& spacing_mm,
                    const std::array<double, 256>& areas, int threads) {
  Surfels surfels;
  const std::vector<double> distances = NearestDistancesMm(from, to, around.corners, spacing_mm, threads);
  surfels.distance_and_area.reserve(distances.size());
  for (const uint8_t code : from) {
    if (code != 0) surfels.distance_and_area.emplace_back(distances[surfels.distance_and_area.size()], areas[code]);
  }
  std::sort(surfels.distance_and_area.begin(), surfels.distance_and_area.end());
  for (const auto& [distance, area_mm2] : surfels.distance_and_area) surfels.area += area_mm2;
  return surfels;
}

bool Empty(std::span<const uint8_t> codes) {
  return std::all_of(codes.begin(), codes.end(), [](uint8_t code) { return code == 0; });
}

SurfaceDistance Measure(std::span<const uint8_t> predicted, std::span<const uint8_t> reference, const Surroundings& around, const Spacing3& spacing_mm,
                        const std::array<double, 256>& areas, const SurfaceOptions& options) {
  if (Empty(predicted) || Empty(reference)) return {};
  const Surfels there = MeasureFrom(reference, predicted, around, spacing_mm, areas, options.threads);
  const Surfels back = MeasureFrom(predicted, reference, around, spacing_mm, areas, options.threads);
  SurfaceDistance result;
  result.surface_dice = (there.AreaWithin(options.tolerance_mm) + back.AreaWithin(options.tolerance_mm)) / (there.area + back.area);
  result.hd95_mm = std::max(there.Percentile(kRobustShare), back.Percentile(kRobustShare));
  result.mean_reference_to_predicted_mm = there.MeanDistance();
  result.mean_predicted_to_reference_mm = back.MeanDistance();
  return result;
}

}  // namespace

std::map<int64_t, SurfaceDistance> MeasureSurfaces(std::span<const uint16_t> predicted, std::span<const uint16_t> reference, const Index3& shape,
                                                   const Spacing3& spacing_mm, const SurfaceOptions& options) {
  const std::array<double, 256> areas = SurfelAreasMm2(spacing_mm);
  std::map<int64_t, SurfaceDistance> result;
  for (const auto& [value, box] : LabelBoxes(predicted, reference, shape)) {
    const Surroundings around(shape, box);
    const auto wanted = static_cast<uint16_t>(value);
    result[value] = Measure(SurfaceCodes(predicted, around, wanted, options.threads), SurfaceCodes(reference, around, wanted, options.threads),
                            around, spacing_mm, areas, options);
  }
  return result;
}

}  // namespace tuckerseg
