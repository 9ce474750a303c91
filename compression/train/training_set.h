/// All cases of a training in memory, the held-out ones apart, and the patches that are drawn from them.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "compression/cases/case_files.h"
#include "compression/train/augmentation.h"
#include "compression/train/training_case.h"
#include "engine/model/model.h"

namespace tuckerseg {

struct TrainingSet {
  std::vector<TrainingCase> training;
  std::vector<TrainingCase> validation;
};

struct TrainingSetOptions {
  int64_t validation_cases = 0;              ///< the last ones by name
  int64_t max_bytes = int64_t{4} << 30;      ///< of all cases in memory
  int threads = 1;
};

/// The label values of the data set that occur in the training cases (not the held-out ones). Errors: as LabelValues and ReadLabels.
std::set<int64_t> PresentLabels(const CaseFolder& folder, const TrainingSetOptions& options);

/// nnU-Net's intensity statistics over all voxels of labelled structures in the training cases, on the files' own grids: mean,
/// deviation, percentiles 0.5 and 99.5. nnU-Net samples 10 000 voxels a case for this; here every voxel counts, in bins of 1 HU.
/// Errors: kInvalidArgument if no voxel is labelled.
Normalization ForegroundIntensities(const CaseFolder& folder, const TrainingSetOptions& options);

/// Reads every case, with its labels where it has some, and brings it into the model's grid. `told(done, total)` after each case; may be empty.
/// Errors: as LabelValues, MakeTrainingCase and ReadLabels; kResourceExhausted when the cases pass max_bytes.
TrainingSet LoadTrainingSet(const CaseFolder& folder, const Model& model, const TrainingSetOptions& options,
                            const std::function<void(size_t done, size_t total)>& told);

/// Which patch of which case.
struct PatchChoice {
  size_t place = 0;  ///< in TrainingSet::training
  PatchPose pose;
};

/// A case at random; then, as nnU-Net, with `foreground` a random voxel of a random class that occurs there, around which the patch
/// lies, else any place in the case. The patch stays inside the case where it fits, but for what rotation and scaling add.
PatchChoice ChoosePatch(const std::vector<TrainingCase>& cases, const Size3& patch, bool foreground, const AugmentationOptions& options,
                        RandomStream& random);

/// nnU-Net's share of patches around foreground: the last third of a batch, so one of two. In batches of one patch the share is
/// drawn from `random`, for none of them has a third.
bool IsForegroundSample(int64_t sample, int64_t batch, double share, RandomStream& random);

}  // namespace tuckerseg
