/// A whole training: from a directory of cases and nnU-Net's plans to a bundle. Resumes where an earlier run was stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "compression/train/learning_options.h"
#include "compression/train/training_model.h"
#include "compression/train/training_progress.h"
#include "engine/model/bundle.h"

namespace tuckerseg {

/// What `train` can be told. The defaults are nnU-Net's where nnU-Net has one.
struct TrainingRunOptions : LearningOptions {
  std::filesystem::path data;
  std::filesystem::path plans;
  std::filesystem::path output;               ///< the bundle
  std::filesystem::path training_directory;   ///< empty: output + ".training"
  TrainingModelOptions model;

  bool batch_dice = false;
  bool deep_supervision = true;
  double validation = 0;                      ///< below 1 a share of the cases, else how many of them
  bool half_weights = false;                  ///< the bundle's weights as float16
};

struct TrainingResult {
  Bundle bundle;               ///< as it was written
  int64_t steps = 0;           ///< done, over all runs
  double seconds = 0;          ///< spent on them
  std::optional<double> dice;  ///< the last score of the held-out cases
};

/// Trains, and writes the bundle at the end. The state is kept in the training directory (docs/training.md): after a kill the same call
/// goes on, and on a CPU gives the same losses and weights to the last bit as if it had not been interrupted, on the same machine with the
/// same number of threads.
/// Errors: kFailedPrecondition if the bundle exists already or the training directory belongs to other settings or data;
/// kInvalidArgument for options out of range, plans, cases, a training directory in the bundle; kDataLoss for a damaged checkpoint; kInternal if the loss diverges.
TrainingResult RunTraining(const TrainingRunOptions& options, const TrainingSink& sink);

}  // namespace tuckerseg
