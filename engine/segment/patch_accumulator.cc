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

/// Rows that patches with two successive origins along axis 0 share, at most.
int64_t SharedRows(const PatchGrid& grid) {
  int64_t shared = 0;
  const auto& origins = grid.origins[0];
  for (size_t i = 0; i + 1 < origins.size(); ++i) shared = std::max(shared, grid.patch[0] - (origins[i + 1] - origins[i]));
  return std::max<int64_t>(shared, 0);
}

struct BandShape {
  int64_t lines;         // of the band
  int64_t carried_rows;  // held whole beside it
};

/// The cheaper of a band as wide as a patch and one as wide as the image.
BandShape ShapeOf(const PatchGrid& grid, Finishing finishing) {
  const BandShape whole{grid.padded[1], 0};
  const BandShape narrow{grid.patch[1], SharedRows(grid)};
  const int64_t narrow_lines = grid.patch[0] * narrow.lines + narrow.carried_rows * grid.padded[1];
  if (finishing == Finishing::kWholeRows || narrow_lines >= grid.patch[0] * whole.lines) return whole;
  return narrow;
}

}  // namespace

PatchAccumulator::PatchAccumulator(const PatchGrid& grid, int64_t channels, int folds, Finishing finishing, const LogitsSink& sink,
                                   int threads, float most)
    : grid_(grid),
      channels_(channels),
      folds_(folds),
      sink_(sink),
      threads_(threads),
      most_(most),
      width_(grid.padded[2]),
      lines_(ShapeOf(grid, finishing).lines),
      narrow_(lines_ < grid.padded[1]),
      importance_(FloatGaussianWeights(grid.patch)),
      sums_(static_cast<size_t>(grid.patch[0] * channels * lines_ * width_)),
      carried_(static_cast<size_t>(ShapeOf(grid, finishing).carried_rows * channels * grid.padded[1] * width_)),
      weights_(static_cast<size_t>(grid.patch[0] * grid.padded[1] * width_)),
      block_(static_cast<size_t>(channels * std::min(lines_, grid.image[1]) * grid.image[2])) {
  if (narrow_) return;  // lines are cleared as they enter the band
  const auto row = static_cast<int64_t>(sums_.size()) / grid.patch[0];
  ParallelFor(threads, grid.patch[0], [&](int64_t begin, int64_t end) { std::fill_n(sums_.data() + begin * row, (end - begin) * row, 0.0F); });
}

int64_t PatchAccumulator::Bytes(const PatchGrid& grid, int64_t channels, Finishing finishing) {
  const BandShape band = ShapeOf(grid, finishing);
  const auto huge = [&](int64_t lines) { return static_cast<int64_t>(HugePageAllocator<float>::Bytes(static_cast<size_t>(lines * grid.padded[2]))); };
  const int64_t sums = huge(channels * grid.patch[0] * band.lines);
  const int64_t carried = huge(channels * band.carried_rows * grid.padded[1]);
  const int64_t rest = channels * band.lines + grid.patch[0] * grid.padded[1];  // lines of the block and of the weights
  return sums + carried + static_cast<int64_t>(sizeof(float)) * grid.padded[2] * rest;
}

float* PatchAccumulator::Line(int64_t row, int64_t channel, int64_t line) {
  return sums_.data() + (((row % grid_.patch[0]) * channels_ + channel) * lines_ + line % lines_) * width_;
}

float* PatchAccumulator::CarriedLine(int64_t row, int64_t channel, int64_t line) {
  return carried_.data() + ((row * channels_ + channel) * grid_.padded[1] + line) * width_;
}

/// Lines up to `end` take their place in the band, with what earlier patches have left in the rows they share with it.
void PatchAccumulator::EnterLines(int64_t end) {
  const int64_t begin = entered_;
  if (begin >= end) return;
  entered_ = end;
  if (!narrow_) return;  // the band has had them all the time
  ParallelFor(threads_, grid_.patch[0] * channels_, [&](int64_t first, int64_t last) {
    for (int64_t item = first; item < last; ++item) {
      const int64_t row = item / channels_;
      const int64_t channel = item % channels_;
      for (int64_t line = begin; line < end; ++line) {
        float* target = Line(first_row_ + row, channel, line);
        if (row < carried_rows_) {
          std::copy_n(CarriedLine(row, channel, line), width_, target);
        } else {
          std::fill_n(target, width_, 0.0F);
        }
      }
    }
  });
}

void PatchAccumulator::Add(std::span<const float> values, const ArrayShape& origin, bool first_fold, int64_t first_channel) {
  const Size3& patch = grid_.patch;
  const int64_t voxels = patch[0] * patch[1] * patch[2];
  const int64_t channels = static_cast<int64_t>(values.size()) / voxels;
  EnterLines(origin[1] + patch[1]);
  ParallelFor(threads_, patch[0] * channels, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t x = item / channels;
      const int64_t channel = item % channels;
      const float* source = values.data() + channel * voxels + x * patch[1] * patch[2];
      const float* weight = importance_.data() + x * patch[1] * patch[2];
      for (int64_t y = 0; y < patch[1]; ++y) {
        float* line = Line(origin[0] + x, first_channel + channel, origin[1] + y) + origin[2];
        for (int64_t z = 0; z < patch[2]; ++z) line[z] += source[z] * weight[z];
        source += patch[2];
        weight += patch[2];
      }
    }
  });
  if (!first_fold) return;
  for (int64_t x = 0; x < patch[0]; ++x) {
    float* row = weights_.data() + (((origin[0] + x) % patch[0]) * grid_.padded[1] + origin[1]) * width_ + origin[2];
    const float* weight = importance_.data() + x * patch[1] * patch[2];
    for (int64_t y = 0; y < patch[1]; ++y)
      for (int64_t z = 0; z < patch[2]; ++z) row[y * width_ + z] += weight[y * patch[2] + z];
  }
}

void PatchAccumulator::FinishBefore(const std::array<int64_t, 2>& next) {
  const bool row_ends = next[1] >= grid_.padded[1];
  if (row_ends || narrow_) FinishLines(std::min(next[1], grid_.padded[1]), next[0]);
  if (!row_ends) return;
  for (int64_t row = first_row_; row < next[0]; ++row) {
    std::fill_n(weights_.data() + (row % grid_.patch[0]) * grid_.padded[1] * width_, grid_.padded[1] * width_, 0.0F);
  }
  carried_rows_ = first_row_ + grid_.patch[0] - next[0];
  first_row_ = next[0];
  entered_ = finished_ = 0;
}

/// Lines up to `end` leave the band: rows before `next_row` are finished, the others wait for the patches that begin there.
void PatchAccumulator::FinishLines(int64_t end, int64_t next_row) {
  const int64_t begin = finished_;
  finished_ = end;
  const int64_t last_row = std::min(first_row_ + grid_.patch[0], grid_.padded[0]);
  for (int64_t row = first_row_; row < last_row; ++row) {
    if (row < next_row) {
      GiveLines(row, begin, end);
      if (!narrow_) std::fill_n(Line(row, 0, 0), channels_ * lines_ * width_, 0.0F);
    } else if (narrow_) {
      ParallelFor(threads_, channels_, [&](int64_t channel_begin, int64_t channel_end) {
        for (int64_t channel = channel_begin; channel < channel_end; ++channel)
          for (int64_t line = begin; line < end; ++line) {
            std::copy_n(Line(row, channel, line), width_, CarriedLine(row - next_row, channel, line));
          }
      });
    }
  }
}

void PatchAccumulator::GiveLines(int64_t row, int64_t begin, int64_t end) {
  const int64_t image_row = row - grid_.padding[0];
  const int64_t first = std::max<int64_t>(begin - grid_.padding[1], 0);  // lines of the image
  const int64_t last = std::min(end - grid_.padding[1], grid_.image[1]);
  if (image_row < 0 || image_row >= grid_.image[0] || first >= last) return;
  const int64_t length = grid_.image[2];
  const float* weights = weights_.data() + ((row % grid_.patch[0]) * grid_.padded[1] + grid_.padding[1]) * width_ + grid_.padding[2];
  std::atomic<bool> finite{true};
  ParallelFor(threads_, channels_, [&](int64_t channel_begin, int64_t channel_end) {
    bool all_finite = true;
    for (int64_t channel = channel_begin; channel < channel_end; ++channel) {
      float* target = block_.data() + channel * (last - first) * length;
      for (int64_t y = first; y < last; ++y) {
        const float* sums = Line(row, channel, y + grid_.padding[1]) + grid_.padding[2];
        for (int64_t z = 0; z < length; ++z) {
          const float logit = sums[z] / (weights[y * width_ + z] * static_cast<float>(folds_));
          all_finite &= std::abs(logit) <= most_;  // not so for NaN
          *target++ = logit;
        }
      }
    }
    if (!all_finite) finite = false;
  });
  RefuseNonFinite(finite);
  const int64_t stride = (last - first) * length;
  sink_({image_row, first, last, std::span<const float>(block_).first(static_cast<size_t>(channels_ * stride)), stride});
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
