/// Tasks that one model's networks do not do alone.
#pragma once

#include <string>

#include "engine/model/model.h"

namespace tuckerseg {

/// For programs that run a Segmenter by itself: without what the rest of the task does (TaskSegmenter), its result and its time would be
/// another task's. A crop that only a request asks for is none of these.
/// Errors: kFailedPrecondition, with `what` in front, for a task that needs another model's result.
void RefuseOtherModels(const Model& model, const std::string& what);

}  // namespace tuckerseg
