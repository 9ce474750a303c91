/// The part of a grid in which a structure lies.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Voxels [begin, end) along i, j, k.
struct VoxelBox {
  Index3 begin{};
  Index3 end{};
  bool operator==(const VoxelBox&) const = default;
};

/// The smallest box around each label value other than 0 that occurs in one of two maps of `shape` voxels (i fastest), over both maps.
std::map<int64_t, VoxelBox> LabelBoxes(std::span<const uint16_t> a, std::span<const uint16_t> b, const Index3& shape);

}  // namespace tuckerseg
