#include "engine/execute/patch_band.h"

namespace tuckerseg {
namespace {

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
constexpr auto kIndexBytes = static_cast<int64_t>(sizeof(int64_t));
constexpr auto kLabelBytes = static_cast<int64_t>(sizeof(uint16_t));

int64_t Voxels(const Size3& shape) { return shape[0] * shape[1] * shape[2]; }

}  // namespace

int64_t PatchBandBytes(const PatchBandShape& shape, int64_t classes) {
  const int64_t plane = shape.padded[1] * shape.padded[2];
  const int64_t image = Voxels(shape.padded) * kFloatBytes;
  const int64_t patches = 2 * Voxels(shape.patch) * kFloatBytes;  // their weights, and the one that runs
  const int64_t sums = shape.patch[0] * plane * (shape.channels + 1) * kFloatBytes;
  const int64_t row = plane * (2 * shape.channels * kFloatBytes + classes * kFloatBytes + kIndexBytes);  // its means, their logits, the largest
  return image + patches + sums + row + shape.patch[0] * plane * kLabelBytes;
}

}  // namespace tuckerseg
