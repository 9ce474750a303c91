/// Volumes of noise, for tests that need something to segment.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// int16 in [-1000, 1000], 1 mm, RAS.
inline Volume RandomVolume(const Index3& shape, unsigned seed) {
  Volume volume;
  volume.geometry.shape = shape;
  volume.geometry.header_spacing_mm = {1, 1, 1};
  for (size_t a = 0; a < 3; ++a) volume.geometry.affine_ras.linear[a][a] = 1;
  std::mt19937 random(seed);
  std::uniform_int_distribution<int16_t> values(-1000, 1000);
  std::vector<int16_t> voxels(static_cast<size_t>(volume.geometry.VoxelCount()));
  for (int16_t& voxel : voxels) voxel = values(random);
  volume.voxels.resize(voxels.size() * sizeof(int16_t));
  std::memcpy(volume.voxels.data(), voxels.data(), volume.voxels.size());
  return volume;
}

}  // namespace tuckerseg
