/// Writes phantoms as files: a CT with its label map, and nnU-Net's raw layout of a data set.
#pragma once

#include <filesystem>
#include <functional>
#include <span>

#include "engine/model/task_catalog.h"
#include "engine/phantom/phantom.h"

namespace tuckerseg {

/// `path` ends in .nii or .nii.gz. Errors: kInvalidArgument for another ending; as WholeFile.
void WriteCtFile(const Phantom& made, const std::filesystem::path& path);
/// `labels`: those of the task, for the label table.
void WriteLabelFile(const Phantom& made, std::span<const Label> labels, const std::filesystem::path& path);

/// Writes `count` phantoms with the seeds from `options.seed` on as
/// `folder`/imagesTr/phantom_SEED_0000.nii.gz and `folder`/labelsTr/phantom_SEED.nii.gz, then
/// `folder`/dataset.json: a folder without it is not finished. `done` is called after each. Label values stay
/// those of the task, in all of them, so that models trained on different parts of it agree. Errors:
/// kInvalidArgument if `count` < 1; kFailedPrecondition if `folder` already holds a dataset.json.
void WriteDataSet(const PhantomOptions& options, int count, int threads, std::span<const Label> labels,
                  const std::filesystem::path& folder,
                  const std::function<void(uint64_t seed, const Phantom&)>& done);

}  // namespace tuckerseg
