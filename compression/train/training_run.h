/// A whole training: from a directory of cases and nnU-Net's plans to a bundle. Resumes where an earlier run was stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "compression/train/augmentation.h"
#include "compression/train/training_model.h"
#include "engine/model/bundle.h"

namespace tuckerseg {

/// What `train` can be told. The defaults are nnU-Net's where nnU-Net has one.
struct TrainingRunOptions {
  std::filesystem::path data;
  std::filesystem::path plans;
  std::filesystem::path output;               ///< the bundle
  std::filesystem::path training_directory;   ///< empty: output + ".training"
  TrainingModelOptions model;

  std::string device = "cpu";
  int threads = 2;
  bool bfloat16 = false;
  bool adamw = false;
  bool cosine = false;
  double learning_rate = 0.01;
  double weight_decay = 3e-5;
  double momentum = 0.99;
  double clip_norm = 12;
  double average_decay = 0.999;
  bool batch_dice = false;
  bool deep_supervision = true;
  int64_t batch = 2;
  int64_t epochs = 1000;
  int64_t steps_per_epoch = 250;
  double minutes = 0;                         ///< above 0: as many steps as fit, instead of `epochs`; fixed before the first
  int64_t checkpoint_steps = 50;
  double foreground_share = 0.33;
  AugmentationOptions augmentation;
  uint64_t seed = 0;
  double validation = 0;                      ///< below 1 a share of the cases, else how many of them
  int64_t validate_every = 1;                 ///< epochs
  int64_t max_memory_bytes = int64_t{4} << 30;
  int loader_threads = 1;
  bool half_weights = false;                  ///< the bundle's weights as float16
};

struct TrainingProgress {
  enum class Kind { kLoading, kResumed, kStep, kEpoch, kDone } kind = Kind::kStep;
  int64_t done = 0;              ///< cases while loading, else steps
  int64_t total = 0;
  int64_t epoch = 0;
  double loss = 0;               ///< kStep: of the step; kEpoch: mean of this run's steps in the epoch
  std::optional<double> dice;    ///< kEpoch: of the held-out cases
  double learning_rate = 0;
  double seconds_left = 0;
};
using TrainingSink = std::function<void(const TrainingProgress&)>;

/// Trains, and writes the bundle at the end. The state is kept in the training directory (docs/training.md): after a kill the same call
/// goes on, and gives the same losses and weights to the last bit as if it had not been interrupted, on the same machine with the
/// same number of threads.
/// Errors: kFailedPrecondition if the bundle exists already or the training directory belongs to other settings or data;
/// kInvalidArgument for options out of range, plans, cases; kDataLoss for a damaged checkpoint; kInternal if the loss diverges.
Bundle RunTraining(const TrainingRunOptions& options, const TrainingSink& sink);

}  // namespace tuckerseg
