/// From a volume's element type to the C++ type that holds it.
#pragma once

#include <cstdint>

#include "engine/error.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// Calls `visitor.operator()<T>()` with the type of a voxel, so that the choice is made once and not for each voxel.
template <typename Visitor>
decltype(auto) VisitVoxelType(VoxelType type, const Visitor& visitor) {
  switch (type) {
    case VoxelType::kUint8: return visitor.template operator()<uint8_t>();
    case VoxelType::kInt8: return visitor.template operator()<int8_t>();
    case VoxelType::kUint16: return visitor.template operator()<uint16_t>();
    case VoxelType::kInt16: return visitor.template operator()<int16_t>();
    case VoxelType::kUint32: return visitor.template operator()<uint32_t>();
    case VoxelType::kInt32: return visitor.template operator()<int32_t>();
    case VoxelType::kUint64: return visitor.template operator()<uint64_t>();
    case VoxelType::kInt64: return visitor.template operator()<int64_t>();
    case VoxelType::kFloat32: return visitor.template operator()<float>();
    case VoxelType::kFloat64: return visitor.template operator()<double>();
  }
  throw Error(ErrorCode::kInternal, "voxel type: is none that a volume may have");
}

}  // namespace tuckerseg
