/// A CT of one value with boxes of labels in it, for tests of what is drawn.
#pragma once

#include <cstring>
#include <vector>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Axes to the patient's right, front and head (RAS), 1 mm, unless `affine` says otherwise.
inline Affine RasAffine(const Spacing3& spacing_mm = {1, 1, 1}) {
  return {{{{spacing_mm[0], 0, 0}, {0, spacing_mm[1], 0}, {0, 0, spacing_mm[2]}}}, {}};
}

struct LabelledVolume {
  Volume ct;
  LabelMap labels;

  explicit LabelledVolume(const Index3& shape, const Affine& affine = RasAffine(), int16_t hu = 40) {
    ct.geometry.shape = shape;
    ct.geometry.affine_ras = affine;
    ct.geometry.header_spacing_mm = ct.geometry.AffineSpacingMm();
    const std::vector<int16_t> voxels(static_cast<size_t>(ct.geometry.VoxelCount()), hu);
    ct.voxels.resize(voxels.size() * sizeof(int16_t));
    std::memcpy(ct.voxels.data(), voxels.data(), ct.voxels.size());
    labels = {shape, std::vector<uint16_t>(voxels.size(), 0)};
  }

  /// Labels the voxels from `first` to `last`, both included, along the file's axes.
  LabelledVolume& Box(uint16_t label, const Index3& first, const Index3& last) {
    for (int64_t k = first[2]; k <= last[2]; ++k)
      for (int64_t j = first[1]; j <= last[1]; ++j)
        for (int64_t i = first[0]; i <= last[0]; ++i) {
          labels.labels[static_cast<size_t>((k * labels.shape[1] + j) * labels.shape[0] + i)] = label;
        }
    return *this;
  }
};

}  // namespace tuckerseg
