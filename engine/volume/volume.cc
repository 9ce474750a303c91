#include "engine/volume/volume.h"

#include <cmath>

#include "engine/volume/float32.h"

namespace tuckerseg {

size_t BytesPerVoxel(VoxelType type) {
  switch (type) {
    case VoxelType::kUint8:
    case VoxelType::kInt8:
      return 1;
    case VoxelType::kUint16:
    case VoxelType::kInt16:
      return 2;
    case VoxelType::kUint32:
    case VoxelType::kInt32:
    case VoxelType::kFloat32:
      return 4;
    case VoxelType::kUint64:
    case VoxelType::kInt64:
    case VoxelType::kFloat64:
      return 8;
  }
  return 8;
}

Spacing3 Geometry::AffineSpacingMm() const {
  Spacing3 spacing{};
  for (size_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (size_t r = 0; r < 3; ++r) sum += affine_ras.linear[r][c] * affine_ras.linear[r][c];
    spacing[c] = RoundToFloat32(std::sqrt(sum));
  }
  return spacing;
}

}  // namespace tuckerseg
