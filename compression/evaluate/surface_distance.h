/// How far apart the surfaces of a structure lie in two label maps: surface Dice, 95th percentile and mean distances.
///
/// As DeepMind's surface-distance 0.1 has them (Nikolov et al. 2018, arXiv 1809.04430): surface elements lie at the corners between voxels,
/// each with its area (surfel_area.h), and the distance from one to the other surface is that between elements' corners.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Of one structure. Where one of the maps lacks it there is no distance, and no part of a surface lies near the other: 0.
struct SurfaceDistance {
  /// Area of both surfaces that lies at most the tolerance from the other, as a share of all.
  double surface_dice = 0;
  /// The larger one of the two directions' distances that 95 % of the area do not exceed.
  std::optional<double> hd95_mm;
  /// Means weighted by area, from the surface of the first map to that of the second.
  std::optional<double> mean_reference_to_predicted_mm;
  std::optional<double> mean_predicted_to_reference_mm;
};

/// Where nothing else is said; TotalSegmentator's paper has the same (Wasserthal et al. 2023).
inline constexpr double kSurfaceToleranceMm = 3;

struct SurfaceOptions {
  double tolerance_mm = kSurfaceToleranceMm;  ///< a distance of exactly this counts as near
  int threads = 1;
};

/// By label value, of all that occur in one of the maps, 0 (background) excluded.
/// Both are of `shape` voxels, i fastest, on one grid of `spacing_mm` along i, j, k, which is not checked. What lies outside the grid
/// belongs to no structure: where one is cut by the volume's edge, the cut is surface.
/// Every structure is worked on in the box around it in both maps, one after another on all threads, so that memory stays at about 6 bytes a
/// voxel of the largest box and the areas. Pure, thread-safe; the answer does not depend on the number of threads.
std::map<int64_t, SurfaceDistance> MeasureSurfaces(std::span<const uint16_t> predicted, std::span<const uint16_t> reference, const Index3& shape,
                                                   const Spacing3& spacing_mm, const SurfaceOptions& options = {});

}  // namespace tuckerseg
