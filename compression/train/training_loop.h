/// The steps of a training, whatever is trained: batches, epochs, scores, log, checkpoints; resumes where an earlier run was stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compression/train/batch_queue.h"
#include "compression/train/checkpoint.h"
#include "compression/train/learning_options.h"
#include "compression/train/trainer.h"
#include "compression/train/training_log.h"
#include "compression/train/training_progress.h"

namespace tuckerseg {

/// Scores the weights between epochs; may end the training, and may keep something over an interruption.
class EpochScorer {
 public:
  virtual ~EpochScorer() = default;
  /// The trainer's weights behind `step` steps.
  virtual EpochScore Score(int64_t step) = 0;
  /// No further step is worth its time.
  virtual bool Enough() const { return false; }
  /// Adds to `tensors` and `progress` of the checkpoint.
  virtual void Save(TrainingCheckpoint&) const {}
  virtual void Restore(const TrainingCheckpoint&) {}
};

/// How a training went, over all its runs.
struct LoopResult {
  int64_t steps = 0;
  double seconds = 0;
  std::optional<double> dice;  ///< the last score; none where nothing was scored
};

struct LoopOptions {
  std::filesystem::path directory;   ///< checkpoint and log
  Json settings;                     ///< what must be equal for the curve to be equal
  BatchOptions batches;
  bool score_before = false;         ///< also the weights before the first step
  std::vector<std::string> levels;   ///< scored one by one: a column of the log each
};

/// Those of `options` that a trainer, the batches of a part with this patch, and the network's arithmetic take.
TrainerOptions TrainerOptionsOf(const LearningOptions& options);
BatchOptions BatchOptionsOf(const LearningOptions& options, const Size3& patch);
Precision PrecisionOf(const LearningOptions& options);

class TrainingLoop {
 public:
  /// Reads the directory's checkpoint. Errors: kDataLoss if it is damaged, kFailedPrecondition if it is of other settings.
  TrainingLoop(const LearningOptions& learning, LoopOptions options);

  /// Run will go on from an earlier run's checkpoint.
  bool Resumes() const { return checkpoint_.has_value(); }

  /// An entry of that checkpoint's `progress`; null where there is none, and behind Run.
  const Json* Progress(const std::string& name) const;

  /// An earlier run has come to the end: Run will restore its weights, and needs neither cases nor scores.
  bool WasOver() const;

  /// Runs what is left of the training; afterwards the weights are the trainer's, or the scorer's. A null `scorer` scores nothing.
  /// Errors: what Trainer, BatchQueue and SaveCheckpoint throw.
  LoopResult Run(Trainer& trainer, const std::vector<TrainingCase>& cases, EpochScorer* scorer, const TrainingSink& sink);

 private:
  void Start();
  int64_t MeasuredSteps() const;
  void ScoreBefore();
  void Advance();
  bool Over() const;
  EpochScore ScoreNow();
  std::optional<EpochScore> Scored(int64_t epoch);
  double Elapsed() const;
  void Save(bool over = false) const;
  void Tell(const TrainingProgress& progress) const;

  const LearningOptions& learning_;
  LoopOptions options_;
  std::optional<TrainingCheckpoint> checkpoint_;
  Trainer* trainer_ = nullptr;
  const std::vector<TrainingCase>* cases_ = nullptr;
  EpochScorer* scorer_ = nullptr;
  const TrainingSink* sink_ = nullptr;
  std::unique_ptr<TrainingLog> log_;
  std::unique_ptr<BatchQueue> queue_;
  int64_t steps_ = 0;
  int64_t first_step_ = 0;
  double begin_ = 0;
  std::optional<double> dice_;  // the last score
  double epoch_loss_ = 0;
  int64_t epoch_steps_ = 0;
};

}  // namespace tuckerseg
