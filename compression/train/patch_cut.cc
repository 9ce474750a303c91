#include "compression/train/patch_cut.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/half.h"

namespace tuckerseg {
namespace {

/// A patch of whole voxels: rows are copied where they lie inside.
void CopyCrop(const TrainingCase& source, const Size3& begin, const Size3& patch, std::span<float> image, std::span<int64_t> channels) {
  std::fill(image.begin(), image.end(), 0.0F);
  std::fill(channels.begin(), channels.end(), 0);
  const int64_t first = std::max<int64_t>(0, -begin[2]);
  const int64_t last = std::min(patch[2], source.shape[2] - begin[2]);
  for (int64_t x = 0; x < patch[0]; ++x)
    for (int64_t y = 0; y < patch[1]; ++y) {
      const int64_t from_x = begin[0] + x;
      const int64_t from_y = begin[1] + y;
      if (from_x < 0 || from_y < 0 || from_x >= source.shape[0] || from_y >= source.shape[1]) continue;
      const int64_t from = (from_x * source.shape[1] + from_y) * source.shape[2] + begin[2];
      const int64_t to = (x * patch[1] + y) * patch[2];
      for (int64_t z = first; z < last; ++z) {
        image[static_cast<size_t>(to + z)] = FloatFromHalf(source.image[static_cast<size_t>(from + z)]);
        channels[static_cast<size_t>(to + z)] = source.channels[static_cast<size_t>(from + z)];
      }
    }
}

class Interpolator {
 public:
  explicit Interpolator(const TrainingCase& source) : source_(source) {}

  uint8_t NearestChannel(const std::array<double, 3>& place) const {
    const Size3 at{std::llround(place[0]), std::llround(place[1]), std::llround(place[2])};
    return Inside(at) ? source_.channels[Index(at)] : uint8_t{0};
  }

  float Linear(const std::array<double, 3>& place) const {
    Size3 low;
    std::array<float, 3> share;
    for (size_t a = 0; a < 3; ++a) {
      low[a] = static_cast<int64_t>(std::floor(place[a]));
      if (low[a] < -1 || low[a] >= source_.shape[a]) return 0;
      share[a] = static_cast<float>(place[a] - static_cast<double>(low[a]));
    }
    float sum = 0;
    for (unsigned corner = 0; corner < 8; ++corner) {
      Size3 at = low;
      float weight = 1;
      for (size_t a = 0; a < 3; ++a) {
        const bool high = (corner >> a & 1U) != 0;
        at[a] += high ? 1 : 0;
        weight *= high ? share[a] : 1 - share[a];
      }
      if (weight > 0 && Inside(at)) sum += weight * FloatFromHalf(source_.image[Index(at)]);
    }
    return sum;
  }

 private:
  bool Inside(const Size3& at) const {
    return at[0] >= 0 && at[1] >= 0 && at[2] >= 0 && at[0] < source_.shape[0] && at[1] < source_.shape[1] && at[2] < source_.shape[2];
  }
  size_t Index(const Size3& at) const { return static_cast<size_t>((at[0] * source_.shape[1] + at[1]) * source_.shape[2] + at[2]); }

  const TrainingCase& source_;
};

}  // namespace

void CutPatch(const TrainingCase& source, const PatchPose& pose, const Size3& patch, std::span<float> image, std::span<int64_t> channels) {
  std::array<double, 3> begin;
  for (size_t a = 0; a < 3; ++a) begin[a] = static_cast<double>(patch[a] - 1) / 2;
  if (pose.IsPlainCrop(patch)) {
    Size3 first;
    for (size_t a = 0; a < 3; ++a) first[a] = std::llround(pose.centre[a] - begin[a]);
    return CopyCrop(source, first, patch, image, channels);
  }
  const Interpolator interpolator(source);
  size_t voxel = 0;
  for (int64_t x = 0; x < patch[0]; ++x)
    for (int64_t y = 0; y < patch[1]; ++y)
      for (int64_t z = 0; z < patch[2]; ++z, ++voxel) {
        const std::array<double, 3> offset{static_cast<double>(x) - begin[0], static_cast<double>(y) - begin[1], static_cast<double>(z) - begin[2]};
        std::array<double, 3> place = pose.centre;
        for (size_t i = 0; i < 3; ++i)
          for (size_t j = 0; j < 3; ++j) place[i] += pose.linear[i][j] * offset[j];
        image[voxel] = interpolator.Linear(place);
        channels[voxel] = interpolator.NearestChannel(place);
      }
}

}  // namespace tuckerseg
