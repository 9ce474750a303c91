/// Keeps the best weights of a tuning, by their score, and ends it when they stay the best for long.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "compression/train/training_loop.h"

namespace tuckerseg {

/// The score of weights: Dice of the held-out cases by level.
using Measure = std::function<std::vector<double>(const Parameters& weights)>;

/// Of the trainer's averaged weights; those of step 0 count, so that a tuning never makes a variant worse on the held-out cases.
class BestWeights final : public EpochScorer {
 public:
  /// `trainer` must outlive this. `patience`: scores without a better one after which it is enough; 0: never.
  BestWeights(const Trainer& trainer, Measure measure, int64_t patience);

  EpochScore Score(int64_t step) override;
  bool Enough() const override { return patience_ > 0 && without_better_ >= patience_; }
  void Save(TrainingCheckpoint& checkpoint) const override;
  /// Errors: kDataLoss for a checkpoint of another kind.
  void Restore(const TrainingCheckpoint& checkpoint) override;

  /// Its entry of a checkpoint's `progress`.
  static constexpr auto kEntry = "best";

  const Parameters& weights() const { return best_; }      ///< on the CPU
  int64_t step() const { return step_; }                   ///< at which they were
  const EpochScore& score() const { return score_; }       ///< theirs; `dice`: mean over levels
  const EpochScore& first_score() const { return first_; }

 private:
  const Trainer& trainer_;
  Measure measure_;
  int64_t patience_;
  Parameters best_;
  int64_t step_ = -1;
  EpochScore score_;
  EpochScore first_;
  int64_t without_better_ = 0;
};

}  // namespace tuckerseg
