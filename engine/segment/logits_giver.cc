#include "engine/segment/logits_giver.h"

#include "engine/parallel.h"
#include "engine/segment/stopwatch.h"

namespace tuckerseg {

LogitsGiver::LogitsGiver(const PatchGrid& grid, const PredictContext& context, Finishing finishing, const LogitsSink& sink)
    : width_(grid.image[2]), lines_(grid.image[1]), context_(context), finishing_(finishing), sink_(sink) {
  if (context.head != nullptr && finishing == Finishing::kWholeRows) row_.resize(static_cast<size_t>(context.head->classes() * lines_ * width_));
}

void LogitsGiver::Give(const LogitsBlock& block) {
  if (context_.head == nullptr) return sink_(block);
  switch (finishing_) {
    case Finishing::kLargest: return GiveLargest(block);
    case Finishing::kLines: return GiveLines(block);
    case Finishing::kWholeRows: return GiveRow(block);
  }
}

template <typename Run>
void LogitsGiver::Timed(int threads, const Run& run) {
  double seconds = 0;
  {
    const Stopwatch stopwatch(&seconds);
    run();
  }
  head_s_ += seconds / threads;
}

void LogitsGiver::GiveLargest(const LogitsBlock& block) {
  const int64_t voxels = (block.line_end - block.line_begin) * width_;
  std::vector<uint16_t> largest(static_cast<size_t>(voxels));
  Timed(block.givers, [&] { context_.head->Largest(block.logits.data(), block.channel_stride, voxels, largest.data()); });
  sink_({.row = block.row, .line_begin = block.line_begin, .line_end = block.line_end, .logits = {}, .channel_stride = 0, .largest = largest});
}

void LogitsGiver::GiveLines(const LogitsBlock& block) {
  std::vector<float> logits(static_cast<size_t>(context_.head->classes() * width_));  // of one line
  for (int64_t line = block.line_begin; line < block.line_end; ++line) {
    Timed(block.givers, [&] { context_.head->Run(Line(block, line), block.channel_stride, width_, logits.data(), width_); });
    sink_({block.row, line, line + 1, logits, width_});
  }
}

void LogitsGiver::GiveRow(const LogitsBlock& block) {
  const int64_t plane = lines_ * width_;
  Timed(1, [&] {
    ParallelFor(context_.options.threads, lines_, [&](int64_t begin, int64_t end) {
      context_.head->Run(Line(block, begin), block.channel_stride, (end - begin) * width_, row_.data() + begin * width_, plane);
    });
  });
  sink_({block.row, 0, lines_, row_, plane});
}

}  // namespace tuckerseg
