/// Looks at phantoms: voxels in Hounsfield units, and what each structure amounts to.
#pragma once

#include <cstring>
#include <map>

#include "engine/phantom/phantom.h"

namespace tuckerseg {

inline PhantomOptions Coarse(uint64_t seed, double spacing_mm = 6) {
  PhantomOptions options;
  options.seed = seed;
  options.spacing_mm = {spacing_mm, spacing_mm, spacing_mm};
  return options;
}

inline int16_t HounsfieldUnitsAt(const Phantom& made, size_t voxel) {
  int16_t value = 0;
  std::memcpy(&value, made.ct.voxels.data() + voxel * sizeof(value), sizeof(value));
  return value;
}

/// Of one structure: how much, how bright, and where (RAS+ mm).
struct Extent {
  double mm3 = 0, mean_hu = 0;
  std::array<double, 3> centre_ras{};
};

inline std::map<int, Extent> ExtentsOf(const Phantom& made) {
  const Geometry& geometry = made.ct.geometry;
  const Spacing3 spacing = geometry.AffineSpacingMm();
  std::map<int, Extent> extents;
  std::map<int, double> counts;
  size_t voxel = 0;
  for (int64_t k = 0; k < geometry.shape[2]; ++k)
    for (int64_t j = 0; j < geometry.shape[1]; ++j)
      for (int64_t i = 0; i < geometry.shape[0]; ++i, ++voxel) {
        Extent& extent = extents[made.labels.labels[voxel]];
        ++counts[made.labels.labels[voxel]];
        extent.mean_hu += HounsfieldUnitsAt(made, voxel);
        for (size_t row = 0; row < 3; ++row) {
          const auto& linear = geometry.affine_ras.linear[row];
          extent.centre_ras[row] += linear[0] * static_cast<double>(i) + linear[1] * static_cast<double>(j) +
                                    linear[2] * static_cast<double>(k) + geometry.affine_ras.translation[row];
        }
      }
  for (auto& [label, extent] : extents) {
    extent.mm3 = counts[label] * spacing[0] * spacing[1] * spacing[2];
    extent.mean_hu /= counts[label];
    for (double& axis : extent.centre_ras) axis /= counts[label];
  }
  extents.erase(phantom::kUnlabelled);
  return extents;
}

}  // namespace tuckerseg
