/// What a training tells whoever watches it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace tuckerseg {

struct TrainingProgress {
  enum class Kind { kNote, kLoading, kResumed, kStep, kEpoch, kDone } kind = Kind::kStep;
  int64_t done = 0;              ///< cases while loading, else steps
  int64_t total = 0;
  int64_t epoch = 0;
  double loss = 0;               ///< kStep: of the step; kEpoch: mean of this run's steps in the epoch
  std::optional<double> dice;    ///< kEpoch: of the held-out cases
  double learning_rate = 0;
  double seconds_left = 0;
  std::string note = {};         ///< kNote: a line for a person
};
using TrainingSink = std::function<void(const TrainingProgress&)>;

}  // namespace tuckerseg
