/// A whole tuning: a compressed variant is trained to answer as the original does, or as labels say. Resumes where an earlier run
/// was stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compression/train/learning_options.h"
#include "compression/train/training_progress.h"
#include "compression/tune/tuning_target.h"
#include "engine/model/layer_graph.h"
#include "engine/model/variant.h"

namespace tuckerseg {

/// What `tune` can be told.
struct TuningRunOptions : LearningOptions {
  /// AdamW at 5e-4 over 20 epochs of 50 steps, a running mean of 0.99: what brought back most of the first experiment's accuracy.
  TuningRunOptions();

  std::filesystem::path bundle;
  std::filesystem::path variant;
  std::filesystem::path data;
  std::filesystem::path output;             ///< the tuned variant; empty: beside `variant`, with `suffix` behind its name
  bool in_place = false;                    ///< the tuned variant takes the place of `variant`
  std::filesystem::path tuning_directory;   ///< empty: TuningOutput + ".tuning"
  std::string suffix = "-tuned";            ///< of the level names; not used in place, where names stay
  bool make_default = false;                ///< levels that run for their number still do under the new name
  std::vector<std::string> parts;           ///< empty: all
  TuningTarget target = TuningTarget::kTeacher;
  double temperature = 1;
  bool hard_targets = false;
  std::optional<Size3> patch;               ///< default: the part's
  bool elastic = false;
  std::optional<double> validation;         ///< below 1 a share of the cases, else how many; default: a tenth, at least one of two or more
  int64_t patience = 0;                     ///< scores without a better one after which a student is done; 0: never
  std::optional<bool> half_weights;         ///< default: each tensor as the variant has it
};

/// Where the tuned variant will lie, as the options call it.
std::filesystem::path TuningOutput(const TuningRunOptions& options);

/// How the tuning of one fold of one part went.
struct TunedStudent {
  std::string part;
  std::string fold;
  int64_t steps = 0;             ///< done
  double seconds = 0;            ///< spent on them, over all runs
  int64_t kept_step = 0;         ///< whose weights were kept; 0: no step was better than the variant as it was
  std::optional<EpochScore> before;  ///< mean over levels, and each; none where no held-out case could be scored
  std::optional<EpochScore> after;
};

struct TuningResult {
  Variant variant;               ///< as it was written
  std::vector<TunedStudent> students;
};

/// Tunes part after part and fold after fold, each against its own network of the original, and writes the variant with a line for each in
/// its `tuning`, and with all cases in its `seen_cases`, beside those that it had seen before (docs/tuning.md). State is kept in the tuning
/// directory: after a kill the same call goes on, and gives the same weights to the last bit, on the same machine with the same number of
/// threads: on a CPU, and on CUDA with TuningTarget::kTeacher.
/// Errors: kFailedPrecondition if the output exists already, the tuning directory belongs to other settings or data, or levels and
/// `elastic` do not go together; kInvalidArgument for options out of range or that do not go together, a tuning directory in the output,
/// cases, labels that lack structures of a part, parts with several input channels, regions or
/// more than 256 channels; kNotFound; kDataLoss for a damaged checkpoint; kInternal if the loss diverges.
TuningResult RunTuning(const TuningRunOptions& options, const TrainingSink& sink);

}  // namespace tuckerseg
