#include "engine/segment/patch_accumulator.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <utility>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/half.h"

namespace tuckerseg {
namespace {

/// Of a block of finished lines, 128 KiB: a head reads it from the L2 cache. Smaller ones leave it more lines that are no whole tiles.
constexpr int64_t kBlockFloats = int64_t{32} << 10;
/// Averaged by one thread in the time that another takes to start.
constexpr int64_t kFloatsOfAThread = int64_t{128} << 10;
/// Whose inverse weights are kept on the stack while all channels of a line are averaged.
constexpr int64_t kInversesAtOnce = 256;

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
      finishing_(finishing),
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
      row_(finishing == Finishing::kWholeRows ? static_cast<size_t>(channels * grid.image[1] * grid.image[2]) : 0) {}

int64_t PatchAccumulator::LinesAtOnce(const PatchGrid& grid, int64_t channels) {
  return std::clamp<int64_t>(kBlockFloats / (channels * grid.image[2]), 1, grid.image[1]);
}

int64_t PatchAccumulator::Bytes(const PatchGrid& grid, int64_t channels, Finishing finishing, int threads) {
  const BandShape band = ShapeOf(grid, finishing);
  const auto huge = [&](int64_t lines) { return static_cast<int64_t>(HugePageAllocator<float>::Bytes(static_cast<size_t>(lines * grid.padded[2]))); };
  const int64_t sums = huge(channels * grid.patch[0] * band.lines);
  const int64_t carried = huge(channels * band.carried_rows * grid.padded[1]);
  const int64_t weights = huge(grid.patch[0] * grid.padded[1]);
  const int64_t finished = finishing == Finishing::kWholeRows ? grid.image[1] : std::max(threads, 1) * LinesAtOnce(grid, channels);
  return sums + carried + weights + static_cast<int64_t>(sizeof(float)) * grid.image[2] * channels * finished;
}

float* PatchAccumulator::Line(int64_t row, int64_t channel, int64_t line) {
  return sums_.data() + (((row % grid_.patch[0]) * channels_ + channel) * lines_ + line % lines_) * width_;
}

float* PatchAccumulator::CarriedLine(int64_t row, int64_t channel, int64_t line) {
  return carried_.data() + ((row * channels_ + channel) * grid_.padded[1] + line) * width_;
}

float* PatchAccumulator::WeightLine(int64_t row, int64_t line) {
  return weights_.data() + ((row % grid_.patch[0]) * grid_.padded[1] + line) * width_;
}

/// Lines up to `end` take their place in the band, with what earlier patches have left in the rows they share with it.
void PatchAccumulator::EnterLines(int64_t end) {
  const int64_t begin = entered_;
  if (begin >= end) return;
  entered_ = end;
  if (!narrow_) return;  // the band has had them all the time
  ParallelFor(threads_, carried_rows_ * channels_, [&](int64_t first, int64_t last) {
    for (int64_t item = first; item < last; ++item) {
      const int64_t row = item / channels_;
      const int64_t channel = item % channels_;
      for (int64_t line = begin; line < end; ++line) std::copy_n(CarriedLine(row, channel, line), width_, Line(first_row_ + row, channel, line));
    }
  });
}

void PatchAccumulator::Add(std::span<const float> values, const ArrayShape& origin, bool first_fold, int64_t first_channel) {
  const Size3& patch = grid_.patch;
  const int64_t plane = patch[1] * patch[2];
  const int64_t channels = static_cast<int64_t>(values.size()) / (patch[0] * plane);
  EnterLines(origin[1] + patch[1]);
  if (first_fold) touched_width_ = std::exchange(width_end_, origin[2] + patch[2]);
  const bool earlier_fold = !first_fold && first_channel == 0;  // has written all of this
  ArrayShape first;  // of the patch that lies in the image: nobody asks for the padding
  ArrayShape last;
  for (size_t a = 0; a < 3; ++a) {
    first[a] = std::max<int64_t>(0, grid_.padding[a] - origin[a]);
    last[a] = std::min(patch[a], grid_.padding[a] + grid_.image[a] - origin[a]);
  }
  const int64_t touched_width = std::clamp(touched_width_ - origin[2], first[2], last[2]);
  ParallelFor(threads_, last[0] - first[0], [&](int64_t begin, int64_t end) {
    for (int64_t x = first[0] + begin; x < first[0] + end; ++x) {
      const auto added_of_line = [&](int64_t y) {
        const bool fresh = x >= carried_rows_ && origin[1] + y >= touched_lines_;
        return fresh ? touched_width : last[2];
      };
      const float* const weights = importance_.data() + x * plane;
      for (int64_t channel = 0; channel < channels; ++channel) {
        const float* const source = values.data() + (channel * patch[0] + x) * plane;
        for (int64_t y = first[1]; y < last[1]; ++y) {
          float* const line = Line(origin[0] + x, first_channel + channel, origin[1] + y) + origin[2];
          const float* const voxels = source + y * patch[2];
          const float* const weight = weights + y * patch[2];
          const int64_t added = earlier_fold ? last[2] : added_of_line(y);
          for (int64_t z = first[2]; z < added; ++z) line[z] += voxels[z] * weight[z];
          for (int64_t z = added; z < last[2]; ++z) line[z] = voxels[z] * weight[z];
        }
      }
      if (!first_fold) continue;
      for (int64_t y = first[1]; y < last[1]; ++y) {
        float* const line = WeightLine(origin[0] + x, origin[1] + y) + origin[2];
        const float* const weight = weights + y * patch[2];
        const int64_t added = added_of_line(y);
        for (int64_t z = first[2]; z < added; ++z) line[z] += weight[z];
        for (int64_t z = added; z < last[2]; ++z) line[z] = weight[z];
      }
    }
  });
}

void PatchAccumulator::FinishBefore(const std::array<int64_t, 2>& next) {
  const bool row_ends = next[1] >= grid_.padded[1];
  if (row_ends || narrow_) FinishLines(std::min(next[1], grid_.padded[1]), next[0]);
  touched_lines_ = entered_;
  touched_width_ = width_end_ = 0;
  if (!row_ends) return;
  carried_rows_ = first_row_ + grid_.patch[0] - next[0];
  first_row_ = next[0];
  entered_ = finished_ = touched_lines_ = 0;
}

/// Lines up to `end` leave the band: rows before `next_row` are finished, the others wait for the patches that begin there.
void PatchAccumulator::FinishLines(int64_t end, int64_t next_row) {
  const int64_t begin = finished_;
  finished_ = end;
  const int64_t last_row = std::min(first_row_ + grid_.patch[0], grid_.padded[0]);
  const int64_t rows_end = std::min(next_row, last_row);
  if (finishing_ == Finishing::kWholeRows) {
    for (int64_t row = first_row_; row < rows_end; ++row) GiveRow(row);
  } else {
    GiveLines(first_row_, rows_end, begin, end);
  }
  if (!narrow_) return;
  ParallelFor(threads_, (last_row - rows_end) * channels_, [&](int64_t item_begin, int64_t item_end) {
    for (int64_t item = item_begin; item < item_end; ++item) {
      const int64_t row = item / channels_;
      const int64_t channel = item % channels_;
      for (int64_t line = begin; line < end; ++line) std::copy_n(Line(rows_end + row, channel, line), width_, CarriedLine(row, channel, line));
    }
  });
}

/// One line of the image, given by its place in the padded one, of some channels: sums over weights. False if a value is not what it may be.
bool PatchAccumulator::Average(int64_t row, int64_t line, int64_t channel_begin, int64_t channel_end, float* target, int64_t channel_stride) {
  const int64_t length = grid_.image[2];
  const float* const weights = WeightLine(row, line) + grid_.padding[2];
  std::array<float, kInversesAtOnce> inverse;  // a division for all channels
  int unsound = 0;                           // as wide as a float, so that the loop is one of vectors
  for (int64_t begin = 0; begin < length; begin += kInversesAtOnce) {
    const int64_t voxels = std::min(kInversesAtOnce, length - begin);
    for (int64_t z = 0; z < voxels; ++z) inverse[static_cast<size_t>(z)] = 1.0F / (weights[begin + z] * static_cast<float>(folds_));
    for (int64_t channel = channel_begin; channel < channel_end; ++channel) {
      const float* const sums = Line(row, channel, line) + grid_.padding[2] + begin;
      float* const means = target + channel * channel_stride + begin;
      for (int64_t z = 0; z < voxels; ++z) {
        const float mean = sums[z] * inverse[static_cast<size_t>(z)];
        unsound |= std::abs(mean) <= most_ ? 0 : 1;  // 1 for NaN
        means[z] = mean;
      }
    }
  }
  return unsound == 0;
}

void PatchAccumulator::GiveRow(int64_t row) {
  const int64_t image_row = row - grid_.padding[0];
  if (image_row < 0 || image_row >= grid_.image[0]) return;
  const int64_t lines = grid_.image[1];
  const int64_t length = grid_.image[2];
  const int64_t worth = channels_ * lines * length / kFloatsOfAThread;  // threads
  const auto threads = static_cast<int>(std::clamp<int64_t>(worth, 1, std::max(threads_, 1)));
  std::atomic<bool> sound{true};
  ParallelFor(threads, channels_, [&](int64_t channel_begin, int64_t channel_end) {
    for (int64_t y = 0; y < lines; ++y) {
      if (!Average(row, y + grid_.padding[1], channel_begin, channel_end, row_.data() + y * length, lines * length)) sound = false;
    }
  });
  RefuseNonFinite(sound);
  sink_({image_row, 0, lines, row_, lines * length});
}

/// Few lines at a time, so that the sink finds them in the cache.
void PatchAccumulator::GiveLines(int64_t first_row, int64_t last_row, int64_t begin, int64_t end) {
  const int64_t first_line = std::max<int64_t>(begin - grid_.padding[1], 0);  // of the image
  const int64_t last_line = std::min(end - grid_.padding[1], grid_.image[1]);
  const int64_t image_row = std::max<int64_t>(first_row - grid_.padding[0], 0);
  const int64_t rows = std::min(last_row - grid_.padding[0], grid_.image[0]) - image_row;
  if (first_line >= last_line || rows <= 0) return;
  const int64_t at_once = LinesAtOnce(grid_, channels_);
  const int64_t blocks = (last_line - first_line + at_once - 1) / at_once;  // of a row
  const int64_t length = grid_.image[2];
  const int64_t stride = at_once * length;
  const auto givers = static_cast<int>(std::min<int64_t>(std::max(threads_, 1), rows * blocks));
  ParallelFor(threads_, rows * blocks, [&](int64_t item_begin, int64_t item_end) {
    std::vector<float> means(static_cast<size_t>(channels_ * stride));
    for (int64_t item = item_begin; item < item_end; ++item) {
      const int64_t row = image_row + item / blocks;
      const int64_t line_begin = first_line + item % blocks * at_once;
      const int64_t line_end = std::min(line_begin + at_once, last_line);
      bool sound = true;
      for (int64_t line = line_begin; line < line_end; ++line) {
        sound &= Average(row + grid_.padding[0], line + grid_.padding[1], 0, channels_, means.data() + (line - line_begin) * length, stride);
      }
      RefuseNonFinite(sound);
      sink_({.row = row, .line_begin = line_begin, .line_end = line_end, .logits = means, .channel_stride = stride, .givers = givers});
    }
  });
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
