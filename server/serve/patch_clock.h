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

  /// The seconds of a patch where `progress` tells that one has been done: since the last, or since inference began. What else happens in
  /// between (the next network's image, say) is none of it.
  std::optional<double> Tell(const Progress& progress, Clock::time_point now) {
    const bool done = inferring_ && progress.patches_done > done_;
    const std::chrono::duration<double> seconds = now - told_at_;
    inferring_ = progress.stage == Stage::kInfer;
    done_ = progress.patches_done;
    told_at_ = now;
    return done ? std::optional(seconds.count()) : std::nullopt;
  }

 private:
  bool inferring_ = false;
  int64_t done_ = 0;
  Clock::time_point told_at_{};
};

}  // namespace tuckerseg
