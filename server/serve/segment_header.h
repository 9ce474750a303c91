/// What a request of Segment asks for, checked field by field.
#pragma once

#include <vector>

#include "engine/model/model.h"
#include "engine/segment/task_plan.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// `most_priority`: the highest that this server lets its clients ask for.
/// Errors: kInvalidArgument that names the field, its value and what would be right. Task, level and structures are not looked at:
/// they depend on what is served.
void CheckSegmentHeader(const v1::SegmentHeader& header, int most_priority);

/// The labels of `model` that the header asks for, ascending by value: all, or those of `structures`.
/// Errors: kInvalidArgument for a structure that the model lacks.
std::vector<Label> StructuresAskedFor(const v1::SegmentHeader& header, const Model& model);

/// What the engine is to do for a header that has been checked.
TaskOptions TaskOptionsOf(const v1::SegmentHeader& header, const Model& model, Accumulation accumulation, int threads);

}  // namespace tuckerseg
