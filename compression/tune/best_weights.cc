#include "compression/tune/best_weights.h"

#include <numeric>
#include <utility>

#include "compression/train/parameters.h"
#include "engine/error.h"
#include "engine/model/json_fields.h"

namespace tuckerseg {

namespace {

/// Nothing where an older checkpoint has none.
std::vector<double> LevelsOf(const JsonField& best, const std::string& name) {
  return best.Has(name) ? best.At(name).Each([](const JsonField& dice) { return dice.Number(); }) : std::vector<double>{};
}

}  // namespace

BestWeights::BestWeights(const Trainer& trainer, Measure measure, int64_t patience)
    : trainer_(trainer), measure_(std::move(measure)), patience_(patience), best_(CopyTo(trainer.average(), "cpu")) {}

EpochScore BestWeights::Score(int64_t step) {
  EpochScore score;
  score.by_level = measure_(trainer_.average());
  score.dice = std::accumulate(score.by_level.begin(), score.by_level.end(), 0.0) / static_cast<double>(score.by_level.size());
  const bool first = step_ < 0;
  if (first) first_ = score;
  if (first || score.dice > score_.dice) {
    score_ = score;
    step_ = step;
    best_ = CopyTo(trainer_.average(), "cpu");
    without_better_ = 0;
  } else {
    ++without_better_;
  }
  return score;
}

void BestWeights::Save(TrainingCheckpoint& checkpoint) const {
  AddState("best.", best_, checkpoint.tensors);
  checkpoint.progress[kEntry] = {{"step", step_}, {"dice", score_.dice}, {"first_dice", first_.dice}, {"by_level", score_.by_level},
                                 {"first_by_level", first_.by_level}, {"without_better", without_better_}};
}

void BestWeights::Restore(const TrainingCheckpoint& checkpoint) {
  TakeState("best.", checkpoint.tensors, best_);
  try {
    const JsonField best = JsonField(checkpoint.progress, "progress").At(kEntry);
    step_ = best.At("step").Integer(-1, int64_t{1} << 40);
    score_ = {best.At("dice").Number(), LevelsOf(best, "by_level")};
    first_ = {best.At("first_dice").Number(), LevelsOf(best, "first_by_level")};
    without_better_ = best.At("without_better").Integer(0, int64_t{1} << 40);
  } catch (const Error& error) {
    throw Error(ErrorCode::kDataLoss, std::string("checkpoint: ") + error.what());
  }
}

}  // namespace tuckerseg
