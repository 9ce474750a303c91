/// Which of a training's options decide its curve, and what they may be.
#pragma once

#include <cstddef>
#include <cstdint>

#include "compression/train/training_run.h"
#include "compression/train/training_set.h"
#include "engine/model/json_text.h"
#include "engine/model/model.h"

namespace tuckerseg {

/// Errors: kInvalidArgument that names the option, its value and its range.
void CheckOptions(const TrainingRunOptions& options);

/// Everything that must be equal for a resumed training to follow the same curve, by option names; model and cases as SHA-256.
/// Threads and device are not in it: they change the last bits alone, and moving a training is more useful than refusing it.
Json CurveSettings(const TrainingRunOptions& options, const Model& model, const TrainingSet& set);

/// The number of steps that a checkpoint's settings fixed. Errors: kDataLoss if there is none.
int64_t StepsOf(const Json& settings);

/// `validation` below 1: that share of the cases, rounded; else that many.
int64_t HeldOutCases(double validation, size_t cases);

}  // namespace tuckerseg
