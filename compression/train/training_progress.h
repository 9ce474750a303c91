/// What a training tells whoever watches it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tuckerseg {

/// Dice of the held-out cases, and by level where levels are scored.
struct EpochScore {
  double dice = 0;
  std::vector<double> by_level;
};

struct TrainingProgress {
  enum class Kind { kNote, kLoading, kSegmenting, kResumed, kStep, kEpoch } kind = Kind::kStep;
  int64_t done = 0;              ///< cases while loading and segmenting, else steps
  int64_t total = 0;
  int64_t epoch = 0;
  double loss = 0;               ///< kStep: of the step; kEpoch: mean of this run's steps in the epoch
  std::optional<double> dice;    ///< kEpoch: of the held-out cases
  double learning_rate = 0;
  double seconds_left = 0;
  std::string note = {};         ///< kNote: a line for a person
};
using TrainingSink = std::function<void(const TrainingProgress&)>;

/// Tells `sink`, where there is one, of cases one by one. `sink` must outlive the result.
inline std::function<void(size_t done, size_t total)> CountingSink(const TrainingSink& sink, TrainingProgress::Kind kind) {
  return [&sink, kind](size_t done, size_t total) {
    if (sink) sink({.kind = kind, .done = static_cast<int64_t>(done), .total = static_cast<int64_t>(total)});
  };
}

}  // namespace tuckerseg
