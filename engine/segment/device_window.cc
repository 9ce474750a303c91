#include "engine/segment/device_window.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/execute/patch_band.h"
#include "engine/parallel.h"
#include "engine/segment/linear_head.h"
#include "engine/segment/logits_giver.h"
#include "engine/segment/patch_walk.h"
#include "engine/segment/stopwatch.h"

namespace tuckerseg {
namespace {

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
    {
      const Stopwatch stopwatch(context_.head != nullptr ? context_.network_s : nullptr);
      band_.Largest(begin, end, context_.head != nullptr ? &head_ : nullptr, most_, largest);
    }
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

}  // namespace

void PredictOnDevice(std::span<const float> image, const PatchGrid& grid, const PredictContext& context, Finishing finishing, const LogitsSink& sink) {
  const SummedChannels summed = SummedChannelsOf(context.part.graph, context.folds.size(), context.head != nullptr);
  const std::unique_ptr<PatchBand> band = context.folds.front()->MakeBand(
      {.image = grid.image, .padding = grid.padding, .padded = grid.padded, .patch = grid.patch, .channels = summed.channels, .averaged = summed.averaged}, image, FloatGaussianWeights(grid.patch));
  if (band == nullptr) throw Error(ErrorCode::kInternal, "an executor that sums patches makes no band");
  BandReader reader(*band, grid, context, finishing, sink, summed.channels);
  const std::vector<unsigned> flips = FlipsOf(context.part);
  std::vector<Size3> waiting;  // for others to run with
  int64_t running = 0;         // on the device: told once they are done
  const auto tell_done = [&](int64_t next) {
    const int64_t done = std::exchange(running, next);
    if (done > 0 && context.on_patches) context.on_patches(done);
  };
  const auto run = [&] {
    for (size_t fold = 0; fold < context.folds.size(); ++fold) {
      {
        const Stopwatch stopwatch(context.network_s);
        context.folds[fold]->RunInto(*band, waiting, flips, summed.FirstOf(fold), fold == 0);
      }
      tell_done(static_cast<int64_t>(waiting.size()));
    }
    waiting.clear();
  };
  VisitPatches(
      grid, context.stop,
      [&](const ArrayShape& origin) {
        waiting.push_back(origin);
        if (waiting.size() >= static_cast<size_t>(std::max(context.options.patches_at_once, 1))) run();
      },
      [&](const NextOrigins& next) {
        if (!waiting.empty()) run();
        if (next[1] < grid.padded[1]) return;
        {
          const Stopwatch stopwatch(context.network_s);
          band->Wait();
        }
        tell_done(0);
        reader.GiveBefore(next[0]);
      });
  if (context.network_s != nullptr) *context.network_s += reader.head_s();
}

}  // namespace tuckerseg
