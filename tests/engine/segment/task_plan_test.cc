/// Which other models a task needs, what they take, and where it is refused for want of one.
#include "engine/segment/task_plan.h"

#include <algorithm>

#include "engine/segment/memory_plan.h"
#include "tests/engine/segment/task_segmenter_fixture.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class TaskPlanTest : public TaskSegmenterTest {};

TEST_F(TaskPlanTest, RefusesATaskWhoseRoughModelIsNotThere) {
  ServeVessels();
  ExpectError(ErrorCode::kFailedPrecondition, "task liver_vessels: needs a model of task total_fastest", [&] { Plan("liver_vessels", {}); });
  ExpectError(ErrorCode::kInvalidArgument, "crop = none: must be another one, task liver_vessels was trained on crops",
              [&] { Plan("liver_vessels", {.crop = CropWish::kNone}); });
}

TEST_F(TaskPlanTest, RefusesATaskWhoseRoughModelMissesItsOwn) {
  ServeTeeth();
  ServeFace();
  ExpectError(ErrorCode::kFailedPrecondition, "task craniofacial_structures: needs a model of task total_fastest, which finds where to look; must be served beside it",
              [&] { Plan("teeth", {}); });
  ServeSkull();
  EXPECT_NO_THROW(Plan("teeth", {}));
}

TEST_F(TaskPlanTest, RefusesTasksThatNeedOneAnother) {
  const auto cropped = [this](const std::string& task, const std::string& by) {
    Bundle bundle = ThresholdBundle(task, {"structure"}, 100);
    bundle.model.pipeline.crop = CropRule{by, by, {"structure"}, 2};
    Serve(std::move(bundle));
  };
  cropped("first", "second");
  cropped("second", "third");
  cropped("third", "first");
  ExpectError(ErrorCode::kFailedPrecondition, "task first: needs a model of task second, which in turn needs one of task first: must not need itself", [&] { Plan("first", {}); });
  cropped("self", "self");
  ExpectError(ErrorCode::kFailedPrecondition, "task self: needs a model of task self", [&] { Plan("self", {}); });
  ExpectError(ErrorCode::kFailedPrecondition, "task self: needs a model of task self", [&] { Plan("self", {.crop = CropWish::kRobust}); });
  cropped("before", "first");
  ExpectError(ErrorCode::kFailedPrecondition, "task first: needs a model of task second, which in turn needs one of task first: must not need itself", [&] { Plan("before", {}); });
}

TEST_F(TaskPlanTest, CountsWhatARoughModelsTaskNeedsItself) {
  ServeTeethAndAllThatTheyNeed();
  const Geometry geometry = Field({40, 40, 40}, {}).geometry;
  EXPECT_THAT(Plan("teeth", {}).OtherTasks(), testing::ElementsAre("craniofacial_structures", "total_fastest"));
  int64_t patches = 0;
  for (const char* task : {"teeth", "craniofacial_structures", "total_fastest"}) patches += models_.at(task)->MostPatches(geometry, {});
  EXPECT_EQ(Plan("teeth", {}).MostPatches(geometry), patches);
  EXPECT_GT(Plan("teeth", {}).PeakBytes(geometry), Plan("craniofacial_structures", {}).PeakBytes(geometry));
  for (const bool sum_on_device : {false, true}) {
    const SegmentOptions options{.sum_on_device = sum_on_device};
    int64_t bytes = 0;
    for (const char* task : {"teeth", "craniofacial_structures", "total_fastest"}) bytes = std::max(bytes, DeviceBytes(models_.at(task)->model(), geometry, options));
    EXPECT_EQ(Plan("teeth", {.segment = options}).DeviceBytes(geometry), bytes);
  }
}

TEST_F(TaskPlanTest, NeedsTheMemoryOfItsLargestModel) {
  ServeTotal("total_fastest");
  ServeVessels();
  const Geometry geometry = Field({40, 40, 40}, {}).geometry;
  EXPECT_GT(Plan("liver_vessels", {}).PeakBytes(geometry), models_.at("liver_vessels")->PeakBytes(geometry));
  EXPECT_LT(Plan("liver_vessels", {}).PeakBytes(geometry, NetworkMemory::kDevice), Plan("liver_vessels", {}).PeakBytes(geometry));
  for (const bool sum_on_device : {false, true}) {
    const SegmentOptions options{.sum_on_device = sum_on_device};
    EXPECT_EQ(Plan("liver_vessels", {.segment = options}).DeviceBytes(geometry), std::max(DeviceBytes(models_.at("liver_vessels")->model(), geometry, options),
                                                                                          DeviceBytes(models_.at("total_fastest")->model(), geometry, options)));
  }
}

TEST_F(TaskPlanTest, CountsThePatchesOfAllItsModels) {
  ServeTotal("total_fastest");
  ServeVessels();
  const Geometry geometry = Field({40, 40, 40}, {}).geometry;
  EXPECT_EQ(Plan("liver_vessels", {}).MostPatches(geometry), models_.at("liver_vessels")->MostPatches(geometry, {}) + models_.at("total_fastest")->MostPatches(geometry, {}));
}

TEST_F(TaskPlanTest, NamesTheOtherTasksWhoseModelsItRuns) {
  ServeTotal("total_fastest");
  ServeVessels();
  EXPECT_THAT(Plan("liver_vessels", {}).OtherTasks(), testing::ElementsAre("total_fastest"));
  EXPECT_THAT(Plan("total_fastest", {}).OtherTasks(), testing::IsEmpty());
}

}  // namespace
}  // namespace tuckerseg
