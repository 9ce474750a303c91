/// Small but whole nnU-Net v2 result folders: plans.json, dataset.json and a checkpoint for each fold.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/model/json_text.h"
#include "engine/model/plans.h"
#include "tests/engine/model/checkpoint_builder.h"

namespace tuckerseg {

/// plans.json in the new format, configuration 3d_fullres: a PlainConvUNet of three stages (4, 8, 8 features).
Json NewPlans();
/// The same network in the old format, without `architecture`.
Json OldPlans();
/// NewPlans with a ResidualEncoderUNet of 1, 2 and 2 blocks.
Json ResidualPlans();
/// dataset.json of one CT channel, background and two structures.
Json SmallDataset();

NnunetPlans Parse(const Json& plans, const Json& dataset);

/// Writes `result`/plans.json, dataset.json and fold_<fold>/checkpoint_final.pth. The tensors of fold i count up from i.
void WriteResultFolder(const std::filesystem::path& result, const Json& plans, const Json& dataset,
                       const std::vector<std::string>& folds);
void WriteCheckpoint(const std::filesystem::path& result, const std::string& fold, const CheckpointBuilder& checkpoint);

}  // namespace tuckerseg
