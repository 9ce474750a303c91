#include "engine/segment/nonzero_crop.h"

#include <algorithm>

#include "engine/stopping.h"

namespace tuckerseg {

Box NonzeroBox(std::span<const float> image, const ArrayShape& shape) {
  Box box{{shape[0], shape[1], shape[2]}, {0, 0, 0}};
  const auto differs = [](float value) { return value != 0; };
  for (int64_t x = 0; x < shape[0]; ++x) {
    for (int64_t y = 0; y < shape[1]; ++y) {
      const float* row = image.data() + (x * shape[1] + y) * shape[2];
      const float* first = std::find_if(row, row + shape[2], differs);
      if (first == row + shape[2]) continue;
      const float* last = row + shape[2] - 1;
      while (!differs(*last)) --last;
      const ArrayShape low{x, y, first - row};
      const ArrayShape high{x + 1, y + 1, last - row + 1};
      for (size_t a = 0; a < 3; ++a) {
        box.begin[a] = std::min(box.begin[a], low[a]);
        box.end[a] = std::max(box.end[a], high[a]);
      }
    }
  }
  if (box.end[0] == 0) return {{0, 0, 0}, shape};
  return box;
}

std::vector<float> Crop(std::span<const float> image, const ArrayShape& shape, const Box& box) {
  const ArrayShape size = box.Shape();
  std::vector<float> cropped;
  cropped.reserve(static_cast<size_t>(size[0] * size[1] * size[2]));
  for (int64_t x = box.begin[0]; x < box.end[0]; ++x) {
    for (int64_t y = box.begin[1]; y < box.end[1]; ++y) {
      const float* row = image.data() + (x * shape[1] + y) * shape[2];
      cropped.insert(cropped.end(), row + box.begin[2], row + box.end[2]);
    }
  }
  return cropped;
}

std::vector<uint8_t> FilledNonzeroMask(std::span<const float> image, const ArrayShape& shape, const std::stop_token& stop) {
  // 2: background known to reach the border. A list of voxels to visit, not recursion: volumes are deep.
  std::vector<uint8_t> mask(image.size());
  std::transform(image.begin(), image.end(), mask.begin(), [](float value) -> uint8_t { return value != 0 ? 1 : 0; });
  std::vector<ArrayShape> open;
  const auto visit = [&](const ArrayShape& at) {
    for (size_t a = 0; a < 3; ++a)
      if (at[a] < 0 || at[a] >= shape[a]) return;
    uint8_t& voxel = mask[static_cast<size_t>((at[0] * shape[1] + at[1]) * shape[2] + at[2])];
    if (voxel != 0) return;
    voxel = 2;
    open.push_back(at);
  };
  for (int64_t x = 0; x < shape[0]; ++x)
    for (int64_t y = 0; y < shape[1]; ++y) {
      const bool edge = x == 0 || x == shape[0] - 1 || y == 0 || y == shape[1] - 1;
      for (int64_t z = 0; z < shape[2]; z += edge ? 1 : std::max<int64_t>(shape[2] - 1, 1)) visit({x, y, z});
    }
  constexpr int64_t kVoxelsBetweenLooks = 1 << 16;
  for (int64_t visited = 0; !open.empty(); ++visited) {
    if (visited % kVoxelsBetweenLooks == 0) ThrowIfStopped(stop);
    const ArrayShape at = open.back();
    open.pop_back();
    for (size_t a = 0; a < 3; ++a)
      for (const int64_t step : {-1, 1}) {
        ArrayShape neighbour = at;
        neighbour[a] += step;
        visit(neighbour);
      }
  }
  for (uint8_t& voxel : mask) voxel = voxel == 2 ? 0 : 1;
  return mask;
}

}  // namespace tuckerseg
