/// Where the sliding window puts its patches, and how much each voxel of a patch counts.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/model/layer_graph.h"
#include "engine/volume/resample.h"

namespace tuckerseg {

/// Origins of the patches along one axis (nnunet-inference section 4.2): n = ceil((length - patch) / (patch * step)) + 1,
/// evenly spread, rounded half to even. `length` is at least `patch`.
std::vector<int64_t> PatchOrigins(int64_t length, int64_t patch, double step);

/// The image padded to the patch where it is smaller, and the patches on it.
struct PatchGrid {
  ArrayShape image{};    ///< before padding
  ArrayShape padded{};
  ArrayShape padding{};  ///< voxels of 0 before the image: half of what is missing, rounded down
  Size3 patch{};
  std::array<std::vector<int64_t>, 3> origins;  ///< in padded coordinates, ascending; axis 0 is visited outermost
  int64_t PatchCount() const {
    return static_cast<int64_t>(origins[0].size() * origins[1].size() * origins[2].size());
  }
};

PatchGrid MakePatchGrid(const ArrayShape& image, const Size3& patch, double step);

/// nnU-Net's Gaussian weights of a patch, C order, in double (section 4.3): sigma = patch / 8 along each axis, cut off at
/// 4 sigma (0 beyond), peak 10 at patch / 2.
std::vector<double> GaussianWeights(const Size3& patch);

/// The same rounded to float32: what an exact sliding window weights with.
std::vector<float> FloatGaussianWeights(const Size3& patch);

/// The same as nnU-Net stores it: in half precision, zeros replaced by the smallest weight that is not.
std::vector<float> HalfGaussianWeights(const Size3& patch);

}  // namespace tuckerseg
