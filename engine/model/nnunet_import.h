/// Turns nnU-Net v2 result folders, TotalSegmentator's among them, into a bundle.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/model/bundle.h"

namespace tuckerseg {

struct NnunetImportOptions {
  /// In this order; "all" means fold_all. Empty: every fold_* folder but fold_all (a task of the catalogue: its own folds).
  std::vector<std::string> folds;
  /// A task of TotalSegmentator. Empty: the one that the data set's folder name stands for, if there is exactly one; else the
  /// model runs as nnU-Net's own predictor would, named after its data set.
  std::string task;
  /// Name of the plans, where a data set's folder holds results of several: "nnUNetResEncUNetLPlans_8" is total_v3's small
  /// model. Empty: the task's usual ones.
  std::string plans;
  /// The model's name. Empty: the task's.
  std::string name;
};

/// `folder`: a result folder (TRAINER__PLANS__CONFIGURATION), a data set folder (Dataset...) with one in it, or a results root
/// that holds the data sets of `options.task`.
/// Errors: kNotFound for folders, folds and tasks that are not there; kInvalidArgument and kDataLoss for damaged or unfitting
/// files; kFailedPrecondition for networks and tasks that the engine does not run.
Bundle ImportNnunet(const std::filesystem::path& folder, const NnunetImportOptions& options);

}  // namespace tuckerseg
