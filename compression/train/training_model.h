/// What is trained: a model without weights, from nnU-Net's plans and from what the training data hold.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/model/model.h"

namespace tuckerseg {

struct TrainingModelOptions {
  std::string configuration = "3d_fullres";
  std::string task;     ///< default: the name
  std::string name;     ///< default: the task, else "trained"
  std::string source;   ///< provenance: which data it was trained on
  std::string licence;
  double tile_step = 0.8;
  std::vector<std::string> structures;  ///< classes to train; all others are background. Empty: all that occur
};

/// The model that `plans_json` describes for the classes of `classes` whose values are in `present`: channel 0 is background, the
/// others (or those of `options.structures`) follow in ascending order of value, and `channel_labels` maps them to the data's own values. Labels carry
/// TotalSegmentator's colours and codes where a class has one of its names.
/// Pipeline: TotalSegmentator's (closest canonical, resampled to the plans' spacing), so that images and labels are brought to the
/// network's grid once. `intensities`: used where the plans lack foreground_intensity_properties_per_channel.
/// Errors: as ParsePlans; kInvalidArgument if a structure asked for does not occur, if `present` has none or more than 254 classes of `classes`, if the patch does not fit
/// the network, or if intensities are neither in the plans nor given; kFailedPrecondition where the configuration has several
/// channels or another normalisation needs what is not there.
Model MakeTrainingModel(const std::string& plans_json, const std::map<std::string, int64_t>& classes, const std::set<int64_t>& present,
                        const std::optional<Normalization>& intensities, const TrainingModelOptions& options);

/// Whether the plans name the intensities of the foreground.
bool PlansHaveIntensities(const std::string& plans_json);

}  // namespace tuckerseg
