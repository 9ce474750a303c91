#include "engine/segment/other_models.h"

#include "engine/error.h"

namespace tuckerseg {

void RefuseOtherModels(const Model& model, const std::string& what) {
  const Pipeline& pipeline = model.pipeline;
  const bool own_crop = pipeline.crop && !pipeline.crop->structures.empty();
  if (!own_crop && !pipeline.keep_near && !pipeline.refine) return;
  throw Error(ErrorCode::kFailedPrecondition, what + ": task " + model.task + " needs another model's result: must be a task of one model");
}

}  // namespace tuckerseg
