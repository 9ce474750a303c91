/// Reads from TotalSegmentator's task table what a task does around its networks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/model/json_fields.h"
#include "engine/model/model.h"

namespace tuckerseg {

/// The tasks that single-network data sets stand for, by data set number: 297 is total_fast.
using TasksByDataset = std::map<int64_t, std::string>;

/// Crop, post-processing and statistics of `task` (its name with the mode: "total_fast"). `entry`: its object in tasks.json;
/// `labels`: those of the task. Spacing and networks are the mode's and not read here.
/// Errors: kInvalidArgument for post-processing that no rule of ours stands for: a task without it would be silently wrong.
Pipeline ReadPipeline(const std::string& task, const JsonField& entry, const std::vector<Label>& labels,
                      const TasksByDataset& tasks);

}  // namespace tuckerseg
