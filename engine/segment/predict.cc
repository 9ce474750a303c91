#include "engine/segment/predict.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/half.h"
#include "engine/segment/stopwatch.h"

namespace tuckerseg {
namespace {

/// Copies the patch at `origin` (padded coordinates) out of the image; 0 outside it.
void ExtractPatch(std::span<const float> image, const PatchGrid& grid, const ArrayShape& origin, std::span<float> patch) {
  std::fill(patch.begin(), patch.end(), 0.0F);
  ArrayShape first;  // of the patch that lies in the image
  ArrayShape last;
  ArrayShape shift;  // image index = patch index + shift
  for (size_t a = 0; a < 3; ++a) {
    shift[a] = origin[a] - grid.padding[a];
    first[a] = std::max<int64_t>(0, -shift[a]);
    last[a] = std::min(grid.patch[a], grid.image[a] - shift[a]);
  }
  for (int64_t x = first[0]; x < last[0]; ++x)
    for (int64_t y = first[1]; y < last[1]; ++y) {
      const float* row = image.data() + ((x + shift[0]) * grid.image[1] + y + shift[1]) * grid.image[2] + shift[2];
      std::copy(row + first[2], row + last[2], patch.data() + (x * grid.patch[1] + y) * grid.patch[2] + first[2]);
    }
}

/// output[c] (+)= input[c] flipped along the axes in `flips` (bit a: axis a). C order, `channels` volumes of `shape`.
void AddFlipped(std::span<const float> input, int64_t channels, const Size3& shape, unsigned flips, std::span<float> output,
                int threads) {
  const int64_t voxels = shape[0] * shape[1] * shape[2];
  ParallelFor(threads, channels * shape[0], [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t channel = item / shape[0];
      const int64_t x = item % shape[0];
      const int64_t sx = (flips & 1U) != 0 ? shape[0] - 1 - x : x;
      for (int64_t y = 0; y < shape[1]; ++y) {
        const int64_t sy = (flips & 2U) != 0 ? shape[1] - 1 - y : y;
        const float* source = input.data() + channel * voxels + (sx * shape[1] + sy) * shape[2];
        float* target = output.data() + channel * voxels + (x * shape[1] + y) * shape[2];
        if ((flips & 4U) != 0) {
          for (int64_t z = 0; z < shape[2]; ++z) target[z] += source[shape[2] - 1 - z];
        } else {
          for (int64_t z = 0; z < shape[2]; ++z) target[z] += source[z];
        }
      }
    }
  });
}

/// Every subset of the mirrored axes (bit a: axis a), in the order in which nnU-Net sums them: the empty one, single flips, pairs, all three.
std::vector<unsigned> FlipsOf(const ModelPart& part) {
  unsigned axes = 0;
  for (const int axis : part.mirror_axes) axes |= 1U << static_cast<unsigned>(axis);
  std::vector<unsigned> flips;
  for (unsigned subset = 0; subset < 8; ++subset)
    if ((subset & ~axes) == 0) flips.push_back(subset);
  std::stable_sort(flips.begin(), flips.end(), [](unsigned a, unsigned b) { return __builtin_popcount(a) < __builtin_popcount(b); });
  return flips;
}

/// Runs patches through an executor, averaged over the flips of the mirrored axes.
class PatchRunner {
 public:
  explicit PatchRunner(const PredictContext& context)
      : patch_size_(context.part.patch_size), threads_(context.options.threads), network_s_(context.network_s), flips_(FlipsOf(context.part)) {}

  std::span<const float> Run(Executor& executor, std::span<const float> patch) {
    if (flips_.size() == 1) return Timed(executor, patch);
    for (const unsigned flips : flips_) {
      flipped_.assign(patch.size(), 0.0F);
      AddFlipped(patch, 1, patch_size_, flips, flipped_, threads_);
      const std::span<const float> logits = Timed(executor, flipped_);
      if (flips == 0) mean_.assign(logits.size(), 0.0F);
      const auto channels = static_cast<int64_t>(logits.size() / patch.size());
      AddFlipped(logits, channels, patch_size_, flips, mean_, threads_);
    }
    const auto count = static_cast<float>(flips_.size());
    for (float& value : mean_) value /= count;
    return mean_;
  }

 private:
  std::span<const float> Timed(Executor& executor, std::span<const float> patch) const {
    const Stopwatch stopwatch(network_s_);
    return executor.Run(patch, patch_size_);
  }

  Size3 patch_size_;
  int threads_;
  double* network_s_;
  std::vector<unsigned> flips_;
  std::vector<float> flipped_;
  std::vector<float> mean_;
};

/// Where the patches after those at a pair of origins begin, along axes 0 and 1.
using NextOrigins = std::array<int64_t, 2>;

/// Calls `visit(origin)` for every patch, axis 0 outermost, and `line_done` after the last one of each pair of origins.
void VisitPatches(const PatchGrid& grid, const std::stop_token& stop, const std::function<void(const ArrayShape&)>& visit,
                  const std::function<void(const NextOrigins&)>& line_done) {
  const auto next = [&grid](size_t axis, size_t i) {
    return i + 1 < grid.origins[axis].size() ? grid.origins[axis][i + 1] : grid.padded[axis];
  };
  for (size_t i = 0; i < grid.origins[0].size(); ++i)
    for (size_t j = 0; j < grid.origins[1].size(); ++j) {
      for (const int64_t z : grid.origins[2]) {
        if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "cancelled between two patches");
        visit({grid.origins[0][i], grid.origins[1][j], z});
      }
      line_done({next(0, i), next(1, j)});
    }
}

/// Passes finished blocks on as logits, or the largest of them. With Finishing::kLines and kLargest from several threads at the same time.
class LogitsGiver {
 public:
  LogitsGiver(const PatchGrid& grid, const PredictContext& context, Finishing finishing, const LogitsSink& sink)
      : width_(grid.image[2]), lines_(grid.image[1]), context_(context), finishing_(finishing), sink_(sink) {
    if (context.head != nullptr && finishing == Finishing::kWholeRows) row_.resize(static_cast<size_t>(context.head->classes() * lines_ * width_));
  }

  void Give(const LogitsBlock& block) {
    if (context_.head == nullptr) return sink_(block);
    switch (finishing_) {
      case Finishing::kLargest: return GiveLargest(block);
      case Finishing::kLines: return GiveLines(block);
      case Finishing::kWholeRows: return GiveRow(block);
    }
  }

  /// Seconds that the head took: where threads worked side by side, their mean.
  double head_s() const { return head_s_; }

 private:
  const float* Line(const LogitsBlock& block, int64_t line) const { return block.logits.data() + (line - block.line_begin) * width_; }

  void GiveLargest(const LogitsBlock& block) {
    const int64_t voxels = (block.line_end - block.line_begin) * width_;
    std::vector<uint16_t> largest(static_cast<size_t>(voxels));
    Timed(block.givers, [&] { context_.head->Largest(block.logits.data(), block.channel_stride, voxels, largest.data()); });
    sink_({.row = block.row, .line_begin = block.line_begin, .line_end = block.line_end, .logits = {}, .channel_stride = 0, .largest = largest});
  }

  void GiveLines(const LogitsBlock& block) {
    std::vector<float> logits(static_cast<size_t>(context_.head->classes() * width_));  // of one line
    for (int64_t line = block.line_begin; line < block.line_end; ++line) {
      Timed(block.givers, [&] { context_.head->Run(Line(block, line), block.channel_stride, width_, logits.data(), width_); });
      sink_({block.row, line, line + 1, logits, width_});
    }
  }

  void GiveRow(const LogitsBlock& block) {
    const int64_t plane = lines_ * width_;
    Timed(1, [&] {
      ParallelFor(context_.options.threads, lines_, [&](int64_t begin, int64_t end) {
        context_.head->Run(Line(block, begin), block.channel_stride, (end - begin) * width_, row_.data() + begin * width_, plane);
      });
    });
    sink_({block.row, 0, lines_, row_, plane});
  }

  template <typename Run>
  void Timed(int threads, const Run& run) {
    double seconds = 0;
    {
      const Stopwatch stopwatch(&seconds);
      run();
    }
    head_s_ += seconds / threads;
  }

  int64_t width_;
  int64_t lines_;
  const PredictContext& context_;
  Finishing finishing_;
  const LogitsSink& sink_;
  std::vector<float> row_;  // logits of a row
  std::atomic<double> head_s_{0};
};

/// Gives the finished rows of a band that lies on the networks' device.
class BandReader {
 public:
  BandReader(PatchBand& band, const PatchGrid& grid, const PredictContext& context, Finishing finishing, const LogitsSink& sink, int64_t channels)
      : band_(band), grid_(grid), context_(context), finishing_(finishing), sink_(sink), channels_(channels), giver_(grid, context, finishing, sink) {
    if (context.head == nullptr) return;
    head_ = {context.head->classes(), context.head->weights(), context.head->bias()};
    most_ = context.head->LargestFeature();
  }

  /// Rows of the padded image before `next`, which no later patch touches.
  void GiveBefore(int64_t next) {
    const int64_t begin = std::max<int64_t>(given_ - grid_.padding[0], 0);
    const int64_t end = std::min(next - grid_.padding[0], grid_.image[0]);
    if (begin < end) finishing_ == Finishing::kLargest ? GiveLargest(begin, end) : GiveMeans(begin, end);
    band_.Forget(next);
    given_ = next;
  }

  double head_s() const { return giver_.head_s(); }

 private:
  void GiveLargest(int64_t begin, int64_t end) {
    const int64_t plane = grid_.image[1] * grid_.image[2];
    std::vector<uint16_t> largest(static_cast<size_t>((end - begin) * plane));
    band_.Largest(begin, end, context_.head != nullptr ? &head_ : nullptr, most_, largest);
    ParallelFor(context_.options.threads, end - begin, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const auto classes = std::span<const uint16_t>(largest).subspan(static_cast<size_t>(row * plane), static_cast<size_t>(plane));
        sink_({.row = begin + row, .line_begin = 0, .line_end = grid_.image[1], .logits = {}, .channel_stride = 0, .largest = classes, .givers = context_.options.threads});
      }
    });
  }

  void GiveMeans(int64_t begin, int64_t end) {
    const int64_t lines = grid_.image[1];
    const int64_t plane = lines * grid_.image[2];
    std::vector<float> means(static_cast<size_t>(channels_ * plane));
    for (int64_t row = begin; row < end; ++row) {
      band_.Means(row, most_, means);
      if (finishing_ == Finishing::kWholeRows) {
        giver_.Give({.row = row, .line_begin = 0, .line_end = lines, .logits = means, .channel_stride = plane});
        continue;
      }
      ParallelFor(context_.options.threads, lines, [&](int64_t first, int64_t last) {
        const auto block = std::span<const float>(means).subspan(static_cast<size_t>(first * grid_.image[2]));
        giver_.Give({.row = row, .line_begin = first, .line_end = last, .logits = block, .channel_stride = plane, .givers = context_.options.threads});
      });
    }
  }

  PatchBand& band_;
  const PatchGrid& grid_;
  const PredictContext& context_;
  Finishing finishing_;
  const LogitsSink& sink_;
  int64_t channels_;
  LogitsGiver giver_;
  BandHead head_;
  float most_ = std::numeric_limits<float>::max();
  int64_t given_ = 0;  // rows of the padded image
};

/// As PredictFloat, with the sums on the networks' device.
void PredictOnDevice(std::span<const float> image, const PatchGrid& grid, const PredictContext& context, Finishing finishing, const LogitsSink& sink) {
  const LinearHead* const head = context.head;
  const int64_t channels = head != nullptr ? head->features() : context.part.graph.OutChannels();
  const auto averaged = head != nullptr ? int64_t{1} : static_cast<int64_t>(context.folds.size());
  const std::unique_ptr<PatchBand> band = context.folds.front()->MakeBand(
      {.image = grid.image, .padding = grid.padding, .padded = grid.padded, .patch = grid.patch, .channels = channels, .averaged = averaged}, image, FloatGaussianWeights(grid.patch));
  BandReader reader(*band, grid, context, finishing, sink, channels);
  const std::vector<unsigned> flips = FlipsOf(context.part);
  VisitPatches(
      grid, context.stop,
      [&](const ArrayShape& origin) {
        for (size_t fold = 0; fold < context.folds.size(); ++fold) {
          {
            const Stopwatch stopwatch(context.network_s);
            context.folds[fold]->RunInto(*band, origin, flips, head != nullptr ? static_cast<int64_t>(fold) * head->features_of_fold() : 0, fold == 0);
          }
          if (context.on_patch) context.on_patch();
        }
      },
      [&](const NextOrigins& next) {
        if (next[1] < grid.padded[1]) return;
        {
          const Stopwatch stopwatch(context.network_s);
          band->Wait();
        }
        reader.GiveBefore(next[0]);
      });
  if (context.network_s != nullptr) *context.network_s += reader.head_s();
}

void PredictFloat(std::span<const float> image, const PatchGrid& grid, const PredictContext& context, Finishing finishing,
                  const LogitsSink& sink) {
  PatchRunner runner(context);
  std::vector<float> patch(static_cast<size_t>(grid.patch[0] * grid.patch[1] * grid.patch[2]));
  LogitsGiver giver(grid, context, finishing, sink);
  const LogitsSink give = [&giver](const LogitsBlock& block) { giver.Give(block); };
  const LinearHead* head = context.head;
  const int64_t channels = head != nullptr ? head->features() : context.part.graph.OutChannels();
  const int averaged = head != nullptr ? 1 : static_cast<int>(context.folds.size());
  const float most = head != nullptr ? head->LargestFeature() : std::numeric_limits<float>::max();
  PatchAccumulator accumulator(grid, channels, averaged, finishing, give, context.options.threads, most);
  VisitPatches(
      grid, context.stop,
      [&](const ArrayShape& origin) {
        ExtractPatch(image, grid, origin, patch);
        for (size_t fold = 0; fold < context.folds.size(); ++fold) {
          const int64_t first_channel = head != nullptr ? static_cast<int64_t>(fold) * head->features_of_fold() : 0;
          accumulator.Add(runner.Run(*context.folds[fold], patch), origin, fold == 0, first_channel);
          context.folds[fold]->ReleaseLogits();  // else those of every part and fold would be held, between requests too
          if (context.on_patch) context.on_patch();
        }
      },
      [&](const NextOrigins& next) { accumulator.FinishBefore(next); });
  if (context.network_s != nullptr) *context.network_s += giver.head_s();
}

/// The whole window once for each fold, the folds' logits summed and divided in half precision (section 1.5).
std::vector<uint16_t> PredictHalf(std::span<const float> image, const PatchGrid& grid, const PredictContext& context) {
  PatchRunner runner(context);
  std::vector<float> patch(static_cast<size_t>(grid.patch[0] * grid.patch[1] * grid.patch[2]));
  std::vector<uint16_t> total;
  std::vector<float> logits_of_patch(context.head != nullptr ? static_cast<size_t>(context.head->classes()) * patch.size() : 0);
  for (size_t fold = 0; fold < context.folds.size(); ++fold) {
    HalfPatchAccumulator accumulator(grid, context.part.graph.OutChannels(), context.options.threads);
    VisitPatches(
        grid, context.stop,
        [&](const ArrayShape& origin) {
          ExtractPatch(image, grid, origin, patch);
          std::span<const float> values = runner.Run(*context.folds[fold], patch);
          if (context.head != nullptr) {
            context.head->RunFold(fold, values.data(), static_cast<int64_t>(patch.size()), logits_of_patch.data());
            values = logits_of_patch;
          }
          accumulator.Add(values, origin);
          context.folds[fold]->ReleaseLogits();
          if (context.on_patch) context.on_patch();
        },
        [](const NextOrigins&) {});
    std::vector<uint16_t> logits = std::move(accumulator).Finish();
    if (total.empty()) {
      total = std::move(logits);
    } else {
      std::transform(total.begin(), total.end(), logits.begin(), total.begin(), [](uint16_t a, uint16_t b) {
        return HalfFromFloat(FloatFromHalf(a) + FloatFromHalf(b));
      });
    }
  }
  if (context.folds.size() > 1) {
    const auto count = static_cast<float>(context.folds.size());
    for (uint16_t& logit : total) logit = HalfFromFloat(FloatFromHalf(logit) / count);
  }
  return total;
}

void GiveRows(const std::vector<uint16_t>& logits, const PatchGrid& grid, int64_t channels, const LogitsSink& sink) {
  std::vector<float> row(static_cast<size_t>(channels * grid.image[1] * grid.image[2]));
  for (int64_t x = 0; x < grid.image[0]; ++x) {
    float* target = row.data();
    for (int64_t channel = 0; channel < channels; ++channel)
      for (int64_t y = 0; y < grid.image[1]; ++y) {
        const int64_t first = ((channel * grid.padded[0] + x + grid.padding[0]) * grid.padded[1] + y + grid.padding[1]) *
                                  grid.padded[2] + grid.padding[2];
        for (int64_t z = 0; z < grid.image[2]; ++z) *target++ = FloatFromHalf(logits[static_cast<size_t>(first + z)]);
      }
    sink({x, 0, grid.image[1], row, grid.image[1] * grid.image[2]});
  }
}

}  // namespace

void PredictLogits(std::span<const float> image, const PatchGrid& grid, const PredictContext& context, Finishing finishing,
                   const LogitsSink& sink) {
  if (context.options.accumulation == Accumulation::kFloat32) {
    const bool on_device = context.options.sum_on_device && context.folds.front()->SumsPatches();
    return on_device ? PredictOnDevice(image, grid, context, finishing, sink) : PredictFloat(image, grid, context, finishing, sink);
  }
  GiveRows(PredictHalf(image, grid, context), grid, context.part.graph.OutChannels(), sink);
}

}  // namespace tuckerseg
