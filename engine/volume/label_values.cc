#include "engine/volume/label_values.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/volume/orientation.h"

namespace tuckerseg {
namespace {

constexpr float kHighestLabel = 65535;
/// Of a piece, or one slice where that is larger: enough for several threads to be worth their start.
constexpr int64_t kPieceVoxels = int64_t{1} << 22;

}  // namespace

std::vector<uint16_t> LabelValues(const Volume& volume, const std::string& what, int threads) {
  VolumeView piece = ViewOf(volume);
  const int64_t slices = piece.shape[2];
  const int64_t slice_voxels = piece.strides[2];
  const int64_t slice_bytes = slice_voxels * static_cast<int64_t>(BytesPerVoxel(volume.type));
  const int64_t together = std::max(int64_t{1}, kPieceVoxels / std::max(int64_t{1}, slice_voxels));
  std::vector<uint16_t> labels;
  labels.reserve(static_cast<size_t>(volume.geometry.VoxelCount()));
  for (int64_t begin = 0; begin < slices; begin += together) {
    piece.shape[2] = std::min(together, slices - begin);
    for (const float value : ToFloat(piece, threads)) {
      if (!(value >= 0 && value <= kHighestLabel) || value != std::floor(value)) {
        throw Error(ErrorCode::kInvalidArgument, what + ": label " + std::to_string(value) + ": must be a whole number in [0, 65535]");
      }
      labels.push_back(static_cast<uint16_t>(value));
    }
    piece.first += piece.shape[2] * slice_bytes;
  }
  return labels;
}

}  // namespace tuckerseg
