/// Collects voxels slice by slice in the narrowest type that holds them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Starts as int16 (what nearly every CT fits), becomes int32 at the first value beyond it and float32 at the
/// first slice of fractions; what is there already is converted once. Not thread-safe.
class VoxelBuffer {
 public:
  /// Room for `voxels` of them, zero until they are set.
  explicit VoxelBuffer(int64_t voxels);

  /// Sets the voxels from `offset` on. `Value`: the integer types up to 32 bits, float, double.
  /// Errors: kInvalidArgument for an integer beyond int32. `offset + values.size()` must not pass the end.
  template <typename Value>
  void Set(int64_t offset, std::span<const Value> values);

  /// Moves type and bytes into `volume`. The buffer is empty afterwards.
  void MoveInto(Volume& volume);

 private:
  template <typename Wide>
  void Widen();

  VoxelType type_ = VoxelType::kInt16;
  VoxelBytes bytes_;
};

}  // namespace tuckerseg
