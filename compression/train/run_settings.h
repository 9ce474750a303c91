/// Which of a training's options decide its curve, and what they may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compression/train/training_run.h"
#include "compression/train/training_set.h"
#include "engine/model/json_text.h"
#include "engine/model/model.h"

namespace tuckerseg {

/// Errors: kInvalidArgument that names the option, its value and its range.
void CheckOptions(const TrainingRunOptions& options);

/// Everything that must be equal for a resumed training to follow the same curve, by option names; model and cases as SHA-256.
Json CurveSettings(const TrainingRunOptions& options, const Model& model, const TrainingSet& set);

/// SHA-256 of names, grids, images and channels.
std::string CasesDigest(const std::vector<TrainingCase>& cases);

/// SHA-256 of graph, grid and channels. Labels, codes and provenance may be corrected while a training is interrupted.
std::string NetworkDigest(Model model);

/// `validation` below 1: that share of the cases, rounded; else that many.
int64_t HeldOutCases(double validation, size_t cases);

}  // namespace tuckerseg
