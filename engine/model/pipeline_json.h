/// The `pipeline` object of model.json.
#pragma once

#include "engine/model/json_fields.h"
#include "engine/model/model.h"

namespace tuckerseg {

Json PipelineJson(const Pipeline& pipeline);

/// Errors: kInvalidArgument that names the field, its value and what would be right.
Pipeline ParsePipeline(const JsonField& field);

}  // namespace tuckerseg
