/// The time of each patch, from what a segmentation tells of its progress.
#pragma once

#include <chrono>
#include <optional>

#include "engine/segment/segmenter.h"

namespace tuckerseg {

/// For one segmentation, one thread.
class PatchClock {
 public:
  using Clock = std::chrono::steady_clock;

  struct Patches {
    int64_t count = 0;
    double seconds = 0;  ///< of each: those that are done at once share their time
  };

  /// Nothing where `progress` does not tell that patches have been done: since the last, or since inference began. What else happens in
  /// between (the next network's image, say) is none of it.
  std::optional<Patches> Tell(const Progress& progress, Clock::time_point now) {
    const int64_t done = inferring_ ? progress.patches_done - done_ : 0;
    const std::chrono::duration<double> seconds = now - told_at_;
    inferring_ = progress.stage == Stage::kInfer;
    done_ = progress.patches_done;
    told_at_ = now;
    return done > 0 ? std::optional(Patches{done, seconds.count() / static_cast<double>(done)}) : std::nullopt;
  }

 private:
  bool inferring_ = false;
  int64_t done_ = 0;
  Clock::time_point told_at_{};
};

}  // namespace tuckerseg
