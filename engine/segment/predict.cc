#include "engine/segment/predict.h"

#include <algorithm>
#include <limits>

#include "engine/half.h"
#include "engine/parallel.h"
#include "engine/segment/device_window.h"
#include "engine/segment/logits_giver.h"
#include "engine/segment/patch_walk.h"
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

void PredictFloat(std::span<const float> image, const PatchGrid& grid, const PredictContext& context, Finishing finishing,
                  const LogitsSink& sink) {
  PatchRunner runner(context);
  std::vector<float> patch(static_cast<size_t>(grid.patch[0] * grid.patch[1] * grid.patch[2]));
  LogitsGiver giver(grid, context, finishing, sink);
  const LogitsSink give = [&giver](const LogitsBlock& block) { giver.Give(block); };
  const SummedChannels summed = SummedChannelsOf(context.part.graph, context.folds.size(), context.head != nullptr);
  const float most = context.head != nullptr ? context.head->LargestFeature() : std::numeric_limits<float>::max();
  PatchAccumulator accumulator(grid, summed.channels, static_cast<int>(summed.averaged), finishing, give, context.options.threads, most);
  VisitPatches(
      grid, context.stop,
      [&](const ArrayShape& origin) {
        ExtractPatch(image, grid, origin, patch);
        for (size_t fold = 0; fold < context.folds.size(); ++fold) {
          accumulator.Add(runner.Run(*context.folds[fold], patch), origin, fold == 0, summed.FirstOf(fold));
          context.folds[fold]->ReleaseLogits();  // else those of every part and fold would be held, between requests too
          if (context.on_patches) context.on_patches(1);
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
          if (context.on_patches) context.on_patches(1);
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
