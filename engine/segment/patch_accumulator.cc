#include "engine/segment/patch_accumulator.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/segment/half.h"

namespace tuckerseg {
namespace {

void RefuseNonFinite(bool finite) {
  if (!finite) throw Error(ErrorCode::kInternal, "the network gave logits that are not finite");
}

}  // namespace

PatchAccumulator::PatchAccumulator(const PatchGrid& grid, int64_t channels, int folds, const LogitsRowSink& sink,
                                   int threads)
    : grid_(grid),
      channels_(channels),
      folds_(folds),
      sink_(sink),
      threads_(threads),
      plane_(grid.padded[1] * grid.padded[2]),
      importance_(FloatGaussianWeights(grid.patch)),
      sums_(static_cast<size_t>(grid.patch[0] * channels * plane_)),
      weights_(static_cast<size_t>(grid.patch[0] * plane_)),
      finished_row_(static_cast<size_t>(channels * grid.image[1] * grid.image[2])) {}

int64_t PatchAccumulator::Bytes(const PatchGrid& grid, int64_t channels) {
  const int64_t plane = grid.padded[1] * grid.padded[2];
  return static_cast<int64_t>(sizeof(float)) * plane * (grid.patch[0] * (channels + 1) + channels);
}

float* PatchAccumulator::RowOf(int64_t row, int64_t channel) {
  return sums_.data() + ((row % grid_.patch[0]) * channels_ + channel) * plane_;
}

void PatchAccumulator::Add(std::span<const float> logits, const ArrayShape& origin, int fold) {
  const Size3& patch = grid_.patch;
  const int64_t voxels = patch[0] * patch[1] * patch[2];
  ParallelFor(threads_, patch[0] * channels_, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t x = item / channels_;
      const int64_t channel = item % channels_;
      float* row = RowOf(origin[0] + x, channel) + origin[1] * grid_.padded[2] + origin[2];
      const float* source = logits.data() + channel * voxels + x * patch[1] * patch[2];
      const float* weight = importance_.data() + x * patch[1] * patch[2];
      for (int64_t y = 0; y < patch[1]; ++y) {
        for (int64_t z = 0; z < patch[2]; ++z) row[z] += source[z] * weight[z];
        row += grid_.padded[2];
        source += patch[2];
        weight += patch[2];
      }
    }
  });
  if (fold != 0) return;
  for (int64_t x = 0; x < patch[0]; ++x) {
    float* row = weights_.data() + ((origin[0] + x) % patch[0]) * plane_ + origin[1] * grid_.padded[2] + origin[2];
    const float* weight = importance_.data() + x * patch[1] * patch[2];
    for (int64_t y = 0; y < patch[1]; ++y)
      for (int64_t z = 0; z < patch[2]; ++z) row[y * grid_.padded[2] + z] += weight[y * patch[2] + z];
  }
}

void PatchAccumulator::FinishBefore(int64_t row) {
  for (; next_row_ < row; ++next_row_) {
    float* weights = weights_.data() + (next_row_ % grid_.patch[0]) * plane_;
    const int64_t image_row = next_row_ - grid_.padding[0];
    if (image_row >= 0 && image_row < grid_.image[0]) {
      std::atomic<bool> finite{true};
      ParallelFor(threads_, channels_, [&](int64_t begin, int64_t end) {
        bool all_finite = true;
        for (int64_t channel = begin; channel < end; ++channel) {
          float* target = finished_row_.data() + channel * grid_.image[1] * grid_.image[2];
          for (int64_t y = 0; y < grid_.image[1]; ++y) {
            const int64_t first = (y + grid_.padding[1]) * grid_.padded[2] + grid_.padding[2];
            const float* sums = RowOf(next_row_, channel) + first;
            for (int64_t z = 0; z < grid_.image[2]; ++z) {
              const float logit = sums[z] / (weights[first + z] * static_cast<float>(folds_));
              all_finite &= std::isfinite(logit);
              *target++ = logit;
            }
          }
        }
        if (!all_finite) finite = false;
      });
      RefuseNonFinite(finite);
      sink_(image_row, finished_row_);
    }
    std::fill_n(RowOf(next_row_, 0), channels_ * plane_, 0.0F);
    std::fill_n(weights, plane_, 0.0F);
  }
}

HalfPatchAccumulator::HalfPatchAccumulator(const PatchGrid& grid, int64_t channels, int threads)
    : grid_(grid),
      channels_(channels),
      threads_(threads),
      importance_(HalfGaussianWeights(grid.patch)),
      sums_(static_cast<size_t>(channels * grid.padded[0] * grid.padded[1] * grid.padded[2])),
      weights_(static_cast<size_t>(grid.padded[0] * grid.padded[1] * grid.padded[2])) {}

void HalfPatchAccumulator::Add(std::span<const float> logits, const ArrayShape& origin) {
  const Size3& patch = grid_.patch;
  const int64_t patch_voxels = patch[0] * patch[1] * patch[2];
  const int64_t voxels = grid_.padded[0] * grid_.padded[1] * grid_.padded[2];
  // Channel `channels_` stands for the weights.
  ParallelFor(threads_, channels_ + 1, [&](int64_t begin, int64_t end) {
    for (int64_t channel = begin; channel < end; ++channel) {
      uint16_t* target = channel < channels_ ? sums_.data() + channel * voxels : weights_.data();
      const float* source = channel < channels_ ? logits.data() + channel * patch_voxels : nullptr;
      int64_t i = 0;
      for (int64_t x = 0; x < patch[0]; ++x)
        for (int64_t y = 0; y < patch[1]; ++y) {
          uint16_t* row = target + ((origin[0] + x) * grid_.padded[1] + origin[1] + y) * grid_.padded[2] + origin[2];
          for (int64_t z = 0; z < patch[2]; ++z, ++i) {
            const float weight = importance_[static_cast<size_t>(i)];
            const float added = source != nullptr ? source[i] * weight : weight;
            row[z] = HalfFromFloat(FloatFromHalf(row[z]) + added);
          }
        }
    }
  });
}

std::vector<uint16_t> HalfPatchAccumulator::Finish() && {
  const auto voxels = static_cast<int64_t>(weights_.size());
  std::atomic<bool> finite{true};
  ParallelFor(threads_, channels_, [&](int64_t begin, int64_t end) {
    for (int64_t channel = begin; channel < end; ++channel)
      for (int64_t v = 0; v < voxels; ++v) {
        uint16_t& sum = sums_[static_cast<size_t>(channel * voxels + v)];
        sum = HalfFromFloat(FloatFromHalf(sum) / FloatFromHalf(weights_[static_cast<size_t>(v)]));
        if (!std::isfinite(FloatFromHalf(sum))) finite = false;
      }
  });
  RefuseNonFinite(finite);
  return std::move(sums_);
}

}  // namespace tuckerseg
