/// Size and mean intensity of each structure of a label map, as TotalSegmentator's statistics.json has them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/parallel.h"
#include "engine/volume/orientation.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

struct StructureStatistics {
  uint16_t value = 0;           ///< in the label map
  int64_t voxels = 0;
  double volume_mm3 = 0;
  double mean_hu = 0;           ///< of intensities truncated to integers; 0 for a structure without voxels; not rounded
  bool touches_border = false;  ///< may go on outside the volume: has a voxel among the first or last kBorderVoxels of an axis
  bool operator==(const StructureStatistics&) const = default;
};

/// TotalSegmentator's border (totalsegmentator-pipeline section 12).
inline constexpr int64_t kBorderVoxels = 3;

struct StatisticsOptions {
  /// TotalSegmentator's border rule: volume and mean of a structure that touches the border are 0. Its voxels are told all the same.
  bool exclude_incomplete = false;
  Threads threads = 1;
};

/// Measures the structures `values` (each once), in their order, in one pass over the voxels. `labels` lie on the grid of
/// `intensities`, view axis 0 fastest: the input's grid with ViewOf(volume), or any other.
/// Intensities are truncated toward zero (TotalSegmentator's cast to int16; where that wraps, above 32767 HU, ours does not) and
/// summed as integers: the result does not depend on `options.threads`.
/// Errors: kInvalidArgument if `labels` do not fill the grid.
std::vector<StructureStatistics> MeasureStructures(std::span<const uint16_t> labels, const VolumeView& intensities,
                                                   double voxel_volume_mm3, std::span<const uint16_t> values,
                                                   const StatisticsOptions& options);

/// The same on intensities in HU that have been computed: [axis 2][axis 1][axis 0].
std::vector<StructureStatistics> MeasureStructures(std::span<const uint16_t> labels, std::span<const float> intensities_hu,
                                                   const Index3& shape, double voxel_volume_mm3,
                                                   std::span<const uint16_t> values, const StatisticsOptions& options);

/// TotalSegmentator's volume of a voxel: the product of the header's spacings, in float32. It differs from the affine's
/// determinant where a header contradicts itself.
double HeaderVoxelVolumeMm3(const Geometry& geometry);

}  // namespace tuckerseg
