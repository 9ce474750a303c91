/// The options that `train` and `tune` share, on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "compression/train/learning_options.h"

namespace tuckerseg {

/// As they are written; TakeArguments puts them where they belong.
struct LearningArguments {
  std::string optimizer = "sgd";
  std::string schedule = "poly";
  std::string precision = "fp32";
  double max_memory_gib = 4;
  bool no_augmentation = false;
  bool mirror = false;
  bool quiet = false;
  bool json = false;
};

/// Defaults are those of `options`. Both must outlive the command.
void AddScheduleOptions(CLI::App& command, LearningOptions& options, LearningArguments& arguments);
void AddLearningOptions(CLI::App& command, LearningOptions& options, LearningArguments& arguments);

/// Errors: kInvalidArgument for a memory that is none, kFailedPrecondition for bf16 on a CPU without it.
void TakeArguments(const LearningArguments& arguments, LearningOptions& options);

}  // namespace tuckerseg
