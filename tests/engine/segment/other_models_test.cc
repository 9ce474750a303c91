#include "engine/segment/other_models.h"

#include <gtest/gtest.h>

#include "engine/error.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

Model Task() {
  Model model;
  model.task = "tiny";
  return model;
}

void ExpectRefused(const Model& model) {
  ExpectError(ErrorCode::kFailedPrecondition, "bundle: task tiny needs another model's result: must be a task of one model", [&] { RefuseOtherModels(model, "bundle"); });
}

TEST(RefuseOtherModels, LetsATaskOfOneModelPass) { EXPECT_NO_THROW(RefuseOtherModels(Task(), "bundle")); }

TEST(RefuseOtherModels, LetsACropPassThatOnlyARequestAsksFor) {
  Model model = Task();
  model.pipeline.crop = CropRule{.task = "rough", .robust_task = {}, .structures = {}};
  EXPECT_NO_THROW(RefuseOtherModels(model, "bundle"));
}

TEST(RefuseOtherModels, RefusesWhatNeedsAnotherModel) {
  Model cropped = Task();
  cropped.pipeline.crop = CropRule{.task = "rough", .robust_task = {}, .structures = {"heart"}};
  ExpectRefused(cropped);
  Model near = Task();
  near.pipeline.keep_near = NearRule{};
  ExpectRefused(near);
  Model refined = Task();
  refined.pipeline.refine = RefineRule{};
  ExpectRefused(refined);
}

}  // namespace
}  // namespace tuckerseg
