#include <algorithm>
#include <cmath>
#include <string>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/volume/resample.h"

namespace tuckerseg {
namespace {

std::string Text(const Index3& shape) {
  return std::to_string(shape[0]) + " x " + std::to_string(shape[1]) + " x " + std::to_string(shape[2]);
}

/// Source index along one axis, for each index of the finer grid.
std::vector<int64_t> CornerAlignedNearest(int64_t in, int64_t out) {
  const double step = out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0.0;
  std::vector<int64_t> indices(static_cast<size_t>(out));
  for (int64_t k = 0; k < out; ++k) {
    const auto index = static_cast<int64_t>(std::floor(step * static_cast<double>(k) + 0.5));
    indices[static_cast<size_t>(k)] = std::clamp<int64_t>(index, 0, in - 1);
  }
  return indices;
}

}  // namespace

LabelMap RestoreLabels(std::span<const uint16_t> labels, const Index3& shape, const Orientation& orientation,
                       const Index3& file_shape, const Threads& threads) {
  if (static_cast<int64_t>(labels.size()) != shape[0] * shape[1] * shape[2] || labels.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                std::to_string(labels.size()) + " labels: must fill the low-resolution grid of " + Text(shape) + " voxels");
  }
  if (*std::min_element(file_shape.begin(), file_shape.end()) < 1) {
    throw Error(ErrorCode::kInvalidArgument, "file shape " + Text(file_shape) + ": every axis must have a voxel");
  }
  // For each axis of the file: where its index lies in `labels`, as an offset.
  const Index3 strides{1, shape[0], shape[0] * shape[1]};
  std::array<std::vector<int64_t>, 3> offsets;
  for (size_t c = 0; c < 3; ++c) {
    const auto axis = static_cast<size_t>(orientation.axis[c]);
    std::vector<int64_t> indices = CornerAlignedNearest(shape[c], file_shape[axis]);
    for (int64_t& index : indices) index *= strides[c];
    if (orientation.flipped[c]) std::reverse(indices.begin(), indices.end());
    offsets[axis] = std::move(indices);
  }
  LabelMap map{file_shape, std::vector<uint16_t>(static_cast<size_t>(file_shape[0] * file_shape[1] * file_shape[2]))};
  ParallelFor(threads, file_shape[2], [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k)
      for (int64_t j = 0; j < file_shape[1]; ++j) {
        const int64_t row = offsets[2][static_cast<size_t>(k)] + offsets[1][static_cast<size_t>(j)];
        uint16_t* target = map.labels.data() + (k * file_shape[1] + j) * file_shape[0];
        for (int64_t i = 0; i < file_shape[0]; ++i) {
          target[i] = labels[static_cast<size_t>(row + offsets[0][static_cast<size_t>(i)])];
        }
      }
  });
  return map;
}

}  // namespace tuckerseg
