/// Connected components of a label map: voxels joined through their faces.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/volume/resample.h"

namespace tuckerseg {

struct Component {
  int64_t voxels = 0;
  /// Sum of the voxels' indices along array axis 0; over `voxels` it is the centre of mass there.
  double axis0_sum = 0;
  /// First voxel in scipy's scan order of the [x][y][z] array that the original works on: x outermost.
  int64_t first = 0;
};

struct Components {
  std::vector<int32_t> ids;       ///< by voxel, C order: 0 outside, else 1 + place in `all`
  std::vector<Component> all;     ///< ascending by `first`
};

/// Components of neighbours of the same group. `group`: of a label; 0 for voxels that belong to no component. `shape`: z, y, x.
/// Errors: kCancelled once `stop` has been asked for.
Components FindComponents(std::span<const uint16_t> labels, const ArrayShape& shape, const std::function<uint16_t(uint16_t)>& group,
                          const std::stop_token& stop = {});

}  // namespace tuckerseg
