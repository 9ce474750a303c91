#include "engine/segment/task_segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "engine/execute/plain/plain_executor.h"
#include "engine/segment/memory_plan.h"
#include "tests/engine/segment/noted_gate.h"
#include "tests/engine/segment/threshold_model.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class TaskSegmenterTest : public testing::Test {
 protected:
  void Serve(Bundle bundle) {
    const std::string task = bundle.model.task;
    models_[task] = std::make_unique<Segmenter>(std::move(bundle), gate_.Over(PlainExecutorFactory()));
  }
  TaskPlan Plan(const std::string& task, TaskOptions options) {
    return PlanTask(models_.at(task)->model(), [this](const std::string& other) { return models_.contains(other) ? &models_.at(other)->model() : nullptr; },
                    std::move(options));
  }
  TaskSegmenter Make(const std::string& task, TaskOptions options) {
    return {Plan(task, std::move(options)), *models_.at(task), [this](const std::string& other) { return models_.contains(other) ? models_.at(other).get() : nullptr; }};
  }
  /// A task that was trained on crops to the liver, with a margin of 2 mm.
  void ServeVessels() {
    Bundle vessels = ThresholdBundle("liver_vessels", {"vessel"}, 100);
    vessels.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"liver"}, 2};
    Serve(std::move(vessels));
  }
  /// A task of the whole body.
  void ServeTotal(const std::string& task) {
    Bundle total = ThresholdBundle(task, {"liver", "spleen"}, 300);
    total.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {}, 2};
    Serve(std::move(total));
  }
  /// Chambers that are looked for within 20 mm of the structures `crop_to`, and kept within 3 mm of those of `near`. Of its four, the rough model only ever finds the liver.
  void ServeHeartChambers(const std::vector<std::string>& crop_to, const std::vector<std::string>& near) {
    Serve(ThresholdBundle("total_fastest", {"liver", "spleen", "stomach", "colon"}, 300));
    Bundle chambers = ThresholdBundle("heartchambers_highres", {"chamber"}, 100);
    chambers.model.pipeline.crop = CropRule{"total_fastest", "total_fast", crop_to, 20};
    chambers.model.pipeline.keep_near = NearRule{near, 3};
    Serve(std::move(chambers));
  }

  void ServeRefinedVertebrae() {
    Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1"}, 300);
    vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
    Serve(std::move(vertebrae));
    Serve(ThresholdBundle("vertebrae_body", {"vertebrae_body"}, 100));
  }
  /// Vertebrae above `vertebra_hu` that are looked for within 2 mm of the liver, and refined by bodies above `body_hu`.
  void ServeRefinedVertebraeInACrop(float vertebra_hu, float body_hu) {
    Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1"}, vertebra_hu);
    vertebrae.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"liver"}, 2};
    vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
    Serve(std::move(vertebrae));
    Serve(ThresholdBundle("vertebrae_body", {"vertebrae_body"}, body_hu));
  }
  /// Three vertebrae, above 100, 200 and 400 HU, that are refined by bodies above `body_hu`.
  void ServeThreeRefinedVertebrae(float body_hu) {
    Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1", "vertebrae_C2", "vertebrae_C3"}, std::vector<float>{100, 200, 400});
    vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
    Serve(std::move(vertebrae));
    Serve(ThresholdBundle("vertebrae_body", {"vertebrae_body"}, body_hu));
  }
  /// Teeth are looked for within 2 mm of the structure `teeth_lower` of the face, which itself is looked for within 3 mm of the skull: above 50, 100 and 300 HU.
  void ServeTeeth() {
    Bundle teeth = ThresholdBundle("teeth", {"crown"}, 50);
    teeth.model.pipeline.crop = CropRule{"craniofacial_structures", "craniofacial_structures", {"teeth_lower"}, 2};
    Serve(std::move(teeth));
  }
  void ServeFace() {
    Bundle face = ThresholdBundle("craniofacial_structures", {"teeth_lower", "mandible"}, 100);
    face.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"skull"}, 3};
    Serve(std::move(face));
  }
  void ServeSkull() { Serve(ThresholdBundle("total_fastest", {"skull", "liver", "spleen"}, 300)); }
  void ServeTeethAndAllThatTheyNeed() {
    ServeTeeth();
    ServeFace();
    ServeSkull();
  }
  /// Segments with the gate, and returns how many patches have run.
  size_t PatchesThroughTheGate(const std::string& task, const Volume& volume) {
    size_t patches = 0;
    Make(task, {}).Segment(volume, {}, [&patches](const Progress& progress) { patches = static_cast<size_t>(progress.patches_done); }, &gate_);
    return patches;
  }

  NotedGate gate_;  // before the executors that it notes
  std::map<std::string, std::unique_ptr<Segmenter>> models_;
};

TEST_F(TaskSegmenterTest, LooksOnlyWhereTheRoughModelHasFoundTheStructures) {
  ServeTotal("total_fastest");
  ServeVessels();
  // A voxel of 500 HU is the liver; vessels (200 HU) lie 2 and 3 voxels beside it.
  const Volume volume = Field({40, 9, 9}, {{20, 500}, {22, 200}, {23, 200}});
  EXPECT_EQ(Plan("liver_vessels", {}).crop_task(), "total_fastest");
  const LabelMap map = Make("liver_vessels", {}).Segment(volume).label_map;
  EXPECT_EQ(map.shape, volume.geometry.shape);
  EXPECT_EQ(map.labels[20], 1);
  EXPECT_EQ(map.labels[22], 1);
  EXPECT_EQ(map.labels[23], 0) << "outside the box and its margin";
}

TEST_F(TaskSegmenterTest, GivesAnEmptyMapWhereTheRoughModelFindsNothing) {
  ServeTotal("total_fastest");
  ServeVessels();
  const Segmentation segmentation = Make("liver_vessels", {}).Segment(Field({20, 9, 9}, {{5, 200}}));
  const LabelMap& map = segmentation.label_map;
  EXPECT_EQ(map.labels.size(), 20U * 9 * 9);
  EXPECT_EQ(std::count(map.labels.begin(), map.labels.end(), 0), 20 * 9 * 9);
  ASSERT_TRUE(segmentation.crop) << "it says why";
  EXPECT_FALSE(segmentation.crop->box);
  EXPECT_THAT(segmentation.crop->border_labels, testing::IsEmpty());
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::IsEmpty()) << "the box that is not there says it of all of them";
}

TEST_F(TaskSegmenterTest, TellsTheBoxThatWasLookedAtAndWhatMayHaveBeenCutOffThere) {
  ServeTotal("total_fastest");
  ServeVessels();
  // The liver is the voxel at i = 20; j = k = 0 is the volume's own border.
  const Segmentation cut = Make("liver_vessels", {}).Segment(Field({40, 9, 9}, {{20, 500}, {22, 200}, {23, 200}}));
  ASSERT_TRUE(cut.crop);
  EXPECT_EQ(cut.crop->box, (VolumeBox{{18, 0, 0}, {23, 3, 3}}));
  EXPECT_THAT(cut.crop->border_labels, testing::ElementsAre(1));
  const Segmentation whole = Make("liver_vessels", {}).Segment(Field({40, 9, 9}, {{20, 500}, {21, 200}}));
  ASSERT_TRUE(whole.crop);
  EXPECT_THAT(whole.crop->border_labels, testing::IsEmpty()) << "it ends a voxel before the crop does";
}

TEST_F(TaskSegmenterTest, NamesWhatTheRoughModelDidNotFindBesideWhatItFound) {
  Serve(ThresholdBundle("total_fastest", {"liver", "spleen", "stomach", "colon"}, 300));  // of which it only ever finds the liver
  Bundle vessels = ThresholdBundle("liver_vessels", {"vessel"}, 100);
  vessels.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"colon", "liver", "spleen"}, 2};
  Serve(std::move(vessels));
  const Segmentation segmentation = Make("liver_vessels", {}).Segment(Field({40, 9, 9}, {{20, 500}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::ElementsAre("spleen", "colon")) << "by value; nobody looked for the stomach";
  EXPECT_EQ(segmentation.crop->box, (VolumeBox{{18, 0, 0}, {23, 3, 3}})) << "around what was found";
  EXPECT_EQ(segmentation.label_map.labels[20], 1) << "which is looked at all the same";
}

TEST_F(TaskSegmenterTest, NamesNothingWhereTheRoughModelFoundAllThatItWasToFind) {
  ServeTotal("total_fastest");
  ServeVessels();
  const Segmentation segmentation = Make("liver_vessels", {}).Segment(Field({40, 9, 9}, {{20, 500}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::IsEmpty()) << "its spleen was not asked for";
}

TEST_F(TaskSegmenterTest, NamesWhatLabelsAreKeptNearWhereTheRoughModelDidNotFindIt) {
  ServeHeartChambers({"colon", "liver"}, {"colon", "liver", "spleen"});
  // The chamber's voxel at 24 may be near the spleen, which the rough model missed; it is not near the liver, the voxel at 20.
  const Segmentation segmentation = Make("heartchambers_highres", {}).Segment(Field({40, 9, 9}, {{20, 500}, {24, 200}}));
  EXPECT_EQ(segmentation.label_map.labels[20], 1);
  EXPECT_EQ(segmentation.label_map.labels[24], 0) << "it was erased";
  ASSERT_TRUE(segmentation.crop);
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::ElementsAre("spleen", "colon"))
      << "by value, whatever it was to be found for; the colon, which it was for both, once";
}

TEST_F(TaskSegmenterTest, NamesNothingWhereAllThatLabelsAreKeptNearWasFound) {
  ServeHeartChambers({"liver"}, {"liver"});
  const Segmentation segmentation = Make("heartchambers_highres", {}).Segment(Field({40, 9, 9}, {{20, 500}, {24, 200}}));
  EXPECT_EQ(segmentation.label_map.labels[24], 0) << "too far from what was found";
  ASSERT_TRUE(segmentation.crop);
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::IsEmpty());
}

TEST_F(TaskSegmenterTest, NamesNothingThatLabelsAreKeptNearWhereThereIsNothingToCropTo) {
  ServeHeartChambers({"colon"}, {"liver", "spleen"});
  const Segmentation segmentation = Make("heartchambers_highres", {}).Segment(Field({40, 9, 9}, {{20, 500}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_FALSE(segmentation.crop->box) << "the liver, which was found, is not what the volume is cropped to";
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::IsEmpty()) << "nothing was looked at, so nothing was erased";
}

TEST_F(TaskSegmenterTest, TellsOfNoCropWhereTheWholeVolumeWasLookedAt) {
  ServeTotal("total");
  EXPECT_FALSE(Make("total", {}).Segment(Field({40, 9, 9}, {{20, 500}})).crop);
}

TEST_F(TaskSegmenterTest, TellsNothingOfWhatWasLeftOutAtTheCropsBorder) {
  ServeTotal("total_fastest");
  Bundle chambers = ThresholdBundle("heartchambers_highres", {"chamber"}, 100);
  chambers.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"liver"}, 4};
  chambers.model.pipeline.keep_near = NearRule{{"liver"}, 3};
  Serve(std::move(chambers));
  const Segmentation segmentation = Make("heartchambers_highres", {}).Segment(Field({40, 9, 9}, {{20, 500}, {24, 200}}));
  EXPECT_EQ(segmentation.label_map.labels[24], 0) << "the last voxel of the crop, too far from the liver";
  ASSERT_TRUE(segmentation.crop);
  EXPECT_EQ(segmentation.crop->box->end[0], 25);
  EXPECT_THAT(segmentation.crop->border_labels, testing::IsEmpty());
}

TEST_F(TaskSegmenterTest, TellsNothingOfWhatTheRefinementTookFromTheCropsBorder) {
  ServeTotal("total_fastest");
  ServeRefinedVertebraeInACrop(100, 300);
  // The vertebra is the voxels at 20 and 22, the last one of the crop; the body is that at 20 alone.
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{20, 500}, {22, 200}}));
  EXPECT_EQ(segmentation.label_map.labels[20], 1);
  EXPECT_EQ(segmentation.label_map.labels[22], 0);
  ASSERT_TRUE(segmentation.crop);
  EXPECT_EQ(segmentation.crop->box, (VolumeBox{{18, 0, 0}, {23, 3, 3}}));
  EXPECT_THAT(segmentation.crop->border_labels, testing::IsEmpty());
}

TEST_F(TaskSegmenterTest, TellsWhatTheRefinementGrewToTheCropsBorder) {
  ServeTotal("total_fastest");
  ServeRefinedVertebraeInACrop(300, 100);
  // The vertebra is the voxel at 20 alone; it grows into the body, which goes on beyond the crop.
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{20, 500}, {21, 200}, {22, 200}, {23, 200}}));
  EXPECT_EQ(segmentation.label_map.labels[22], 1);
  ASSERT_TRUE(segmentation.crop);
  EXPECT_EQ(segmentation.crop->box, (VolumeBox{{18, 0, 0}, {23, 3, 3}}));
  EXPECT_THAT(segmentation.crop->border_labels, testing::ElementsAre(1));
}

TEST_F(TaskSegmenterTest, CountsThePatchesOfBothModelsWithoutEverGoingBack) {
  ServeTotal("total_fastest");
  ServeVessels();
  int64_t last = 0;
  int64_t total = 0;
  Make("liver_vessels", {}).Segment(Field({40, 9, 9}, {{20, 500}}), {}, [&](const Progress& progress) {
    EXPECT_GE(progress.patches_done, last);
    EXPECT_LE(progress.patches_done, progress.patches_total);
    last = progress.patches_done;
    total = progress.patches_total;
  });
  EXPECT_EQ(last, total);
}

TEST_F(TaskSegmenterTest, RefusesATaskWhoseRoughModelIsNotThere) {
  ServeVessels();
  ExpectError(ErrorCode::kFailedPrecondition, "task liver_vessels: needs a model of task total_fastest", [&] { Plan("liver_vessels", {}); });
  ExpectError(ErrorCode::kInvalidArgument, "crop = none: must be another one, task liver_vessels was trained on crops",
              [&] { Plan("liver_vessels", {.crop = CropWish::kNone}); });
}

TEST_F(TaskSegmenterTest, TakesTheFinerModelWhereTheRoughOneIsNotThere) {
  ServeTotal("total_fast");
  ServeVessels();
  EXPECT_EQ(Plan("liver_vessels", {}).crop_task(), "total_fast");
  EXPECT_EQ(Plan("liver_vessels", {.crop = CropWish::kRobust}).crop_task(), "total_fast");
}

TEST_F(TaskSegmenterTest, CropsAWholeBodysTaskOnlyToStructuresAskedFor) {
  ServeTotal("total_fastest");
  ServeTotal("total");
  EXPECT_EQ(Plan("total", {}).crop_task(), "");
  EXPECT_EQ(Plan("total", {.segment = {.structures = {1}}}).crop_task(), "total_fastest");
  EXPECT_EQ(Plan("total", {.segment = {.structures = {1}}, .crop = CropWish::kNone}).crop_task(), "");
  ExpectError(ErrorCode::kInvalidArgument, "where no structures are asked for", [&] { Plan("total", {.crop = CropWish::kRough}); });
}

TEST_F(TaskSegmenterTest, LooksAtTheWholeVolumeWhereNoOtherModelKnowsTheStructure) {
  ServeTotal("total");
  EXPECT_EQ(Plan("total", {.segment = {.structures = {1}}}).crop_task(), "") << "no rough model is served";
  Bundle rough = ThresholdBundle("total_fastest", {"spleen"}, 300);
  Serve(std::move(rough));
  EXPECT_EQ(Plan("total", {.segment = {.structures = {1}}}).crop_task(), "") << "the rough model knows no liver";
  EXPECT_EQ(Plan("total", {.segment = {.structures = {2}}}).crop_task(), "total_fastest");
}

TEST_F(TaskSegmenterTest, AModelCropsForItselfOnlyWhenAskedTo) {
  ServeTotal("total_fast");
  EXPECT_EQ(Plan("total_fast", {.segment = {.structures = {1}}}).crop_task(), "");
  EXPECT_EQ(Plan("total_fast", {.segment = {.structures = {1}}, .crop = CropWish::kRobust}).crop_task(), "total_fast");
  const Model level = models_.at("total_fast")->model();  // in another form, beside which the original is found
  const auto originals = [this](const std::string& task) { return models_.contains(task) ? &models_.at(task)->model() : nullptr; };
  EXPECT_EQ(PlanTask(level, originals, {.segment = {.structures = {1}}}).crop_task(), "");
}

TEST_F(TaskSegmenterTest, CropsToTheBodyWhenAskedTo) {
  ServeTotal("total");
  ExpectError(ErrorCode::kFailedPrecondition, "needs a model of task body_fast", [&] { Plan("total", {.crop = CropWish::kBody}); });
  Serve(ThresholdBundle("body_fast", {"body_trunc", "body_extremities"}, 300));
  EXPECT_EQ(Plan("total", {.crop = CropWish::kBody}).crop_task(), "body_fast");
  EXPECT_EQ(Make("total", {.crop = CropWish::kBody}).Segment(Field({40, 9, 9}, {{20, 500}})).label_map.labels[20], 1);
}

TEST_F(TaskSegmenterTest, RunsARoughModelsTaskWithTheCropThatItHasItself) {
  ServeTeethAndAllThatTheyNeed();
  // The skull is the voxel at 10; of what is as bright as teeth, that at 12 lies near it, that at 30 does not.
  const Segmentation segmentation = Make("teeth", {}).Segment(Field({40, 9, 9}, {{10, 500}, {12, 200}, {14, 70}, {30, 200}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_EQ(segmentation.crop->box, (VolumeBox{{8, 0, 0}, {15, 3, 3}})) << "around the voxels at 10 and 12";
  EXPECT_THAT(segmentation.crop->border_labels, testing::ElementsAre(1)) << "of this crop, not of that to the skull";
  EXPECT_EQ(segmentation.label_map.labels[12], 1);
  EXPECT_EQ(segmentation.label_map.labels[14], 1);
  EXPECT_EQ(segmentation.label_map.labels[30], 0);
  EXPECT_EQ(Plan("teeth", {}).crop_task(), "craniofacial_structures");
}

TEST_F(TaskSegmenterTest, FindsNothingWhereTheCropOfARoughModelsTaskDoesNot) {
  ServeTeethAndAllThatTheyNeed();
  const Segmentation segmentation = Make("teeth", {}).Segment(Field({40, 9, 9}, {{12, 200}}));
  EXPECT_EQ(std::count(segmentation.label_map.labels.begin(), segmentation.label_map.labels.end(), 0), 40 * 9 * 9);
  ASSERT_TRUE(segmentation.crop);
  EXPECT_FALSE(segmentation.crop->box);
}

TEST_F(TaskSegmenterTest, RefusesATaskWhoseRoughModelMissesItsOwn) {
  ServeTeeth();
  ServeFace();
  ExpectError(ErrorCode::kFailedPrecondition, "task craniofacial_structures: needs a model of task total_fastest, which finds where to look; must be served beside it",
              [&] { Plan("teeth", {}); });
  ServeSkull();
  EXPECT_NO_THROW(Plan("teeth", {}));
}

TEST_F(TaskSegmenterTest, RefusesTasksThatNeedOneAnother) {
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

TEST_F(TaskSegmenterTest, CountsWhatARoughModelsTaskNeedsItself) {
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

TEST_F(TaskSegmenterTest, CountsThePatchesOfARoughModelsTaskWithoutEverGoingBack) {
  ServeTeethAndAllThatTheyNeed();
  int64_t last = 0;
  int64_t total = 0;
  Make("teeth", {}).Segment(Field({40, 9, 9}, {{10, 500}, {12, 200}}), {}, [&](const Progress& progress) {
    EXPECT_GE(progress.patches_done, last);
    EXPECT_LE(progress.patches_done, progress.patches_total);
    last = progress.patches_done;
    total = progress.patches_total;
  });
  EXPECT_EQ(last, total);
}

TEST_F(TaskSegmenterTest, HasTheDeviceOnceForARoughModelsTaskToo) {
  ServeTeethAndAllThatTheyNeed();
  const size_t patches = PatchesThroughTheGate("teeth", Field({40, 9, 9}, {{10, 500}, {12, 200}}));
  EXPECT_EQ(gate_.order(), EnteredOnceFor(patches));
}

TEST_F(TaskSegmenterTest, LeavesTheDeviceWhereTheCropOfARoughModelsTaskFindsNothing) {
  ServeTeethAndAllThatTheyNeed();
  const size_t patches = PatchesThroughTheGate("teeth", Field({40, 9, 9}, {{12, 200}}));
  EXPECT_EQ(gate_.order(), EnteredOnceFor(patches));
  EXPECT_EQ(patches, static_cast<size_t>(models_.at("total_fastest")->MostPatches(Field({40, 9, 9}, {}).geometry, {}))) << "of the skull's model alone";
}

TEST_F(TaskSegmenterTest, KeepsOnlyWhatLiesNearTheStructuresOfTheRoughModel) {
  ServeHeartChambers({"liver"}, {"liver"});
  const LabelMap map = Make("heartchambers_highres", {}).Segment(Field({40, 9, 9}, {{20, 500}, {23, 200}, {24, 200}})).label_map;
  EXPECT_EQ(map.labels[23], 1);
  EXPECT_EQ(map.labels[24], 0) << "four voxels of 1 mm away";
}

TEST_F(TaskSegmenterTest, RefinesByAnotherModelsStructure) {
  Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1"}, 300);
  vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
  Serve(std::move(vertebrae));
  ExpectError(ErrorCode::kFailedPrecondition, "needs a model of task vertebrae_body", [&] { Plan("vertebrae_pp_refined", {}); });
  Serve(ThresholdBundle("vertebrae_body", {"vertebrae_body"}, 100));
  // The body (200 HU) goes on for two voxels on one side; the vertebra grows by 2 mm into it, and nowhere else.
  const LabelMap map = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{20, 500}, {21, 200}, {22, 200}, {23, 200}})).label_map;
  for (const auto& [place, label] : std::map<size_t, int>{{19, 0}, {20, 1}, {21, 1}, {22, 1}, {23, 0}}) EXPECT_EQ(map.labels[place], label) << place;
}

TEST_F(TaskSegmenterTest, NamesTheStructuresThatTheRefinementErasedEntirely) {
  ServeThreeRefinedVertebrae(400);
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{5, 300}, {15, 150}, {25, 500}}));
  EXPECT_EQ(segmentation.label_map.labels[5], 0);
  EXPECT_EQ(segmentation.label_map.labels[15], 0);
  EXPECT_EQ(segmentation.label_map.labels[25], 3);
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::ElementsAre("vertebrae_C1", "vertebrae_C2")) << "by value";
  EXPECT_FALSE(segmentation.crop);
}

TEST_F(TaskSegmenterTest, NamesAllThatItsNetworksFoundWhereTheRefinerFindsNothing) {
  ServeThreeRefinedVertebrae(600);
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{15, 150}, {25, 500}}));
  EXPECT_EQ(std::count(segmentation.label_map.labels.begin(), segmentation.label_map.labels.end(), 0), 40 * 9 * 9);
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::ElementsAre("vertebrae_C1", "vertebrae_C3")) << "the other one was never found";
}

TEST_F(TaskSegmenterTest, NamesOfTheRefinementsLossesOnlyWhatWasAskedFor) {
  ServeThreeRefinedVertebrae(600);
  const Segmentation segmentation = Make("vertebrae_pp_refined", {.segment = {.structures = {3}}}).Segment(Field({40, 9, 9}, {{15, 150}, {25, 500}}));
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::ElementsAre("vertebrae_C3"));
}

TEST_F(TaskSegmenterTest, NamesNothingThatTheRefinementHasLeftAVoxelOf) {
  Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1"}, 100);
  vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
  Serve(std::move(vertebrae));
  Serve(ThresholdBundle("vertebrae_body", {"vertebrae_body", "rest"}, std::vector<float>{50, 100}));
  // The body is the voxel at 21, into which the vertebra at 20 grows; its own voxel is erased.
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{20, 200}, {21, 70}}));
  EXPECT_EQ(segmentation.label_map.labels[20], 0);
  EXPECT_EQ(segmentation.label_map.labels[21], 1);
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::IsEmpty());
}

TEST_F(TaskSegmenterTest, NamesNothingAsLostInARefinementWhereNothingWasLookedAt) {
  ServeTotal("total_fastest");
  ServeRefinedVertebraeInACrop(100, 300);
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{20, 200}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_FALSE(segmentation.crop->box);
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::IsEmpty());
}

TEST_F(TaskSegmenterTest, CountsThePatchesOfARefinerBehindItsOwn) {
  ServeRefinedVertebrae();
  const Volume volume = Field({40, 9, 9}, {{20, 500}, {21, 200}});
  int64_t last = 0;
  int64_t total = 0;
  Make("vertebrae_pp_refined", {}).Segment(volume, {}, [&](const Progress& progress) {
    EXPECT_GE(progress.patches_done, last);
    EXPECT_LE(progress.patches_done, progress.patches_total);
    last = progress.patches_done;
    total = progress.patches_total;
  });
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, Plan("vertebrae_pp_refined", {}).MostPatches(volume.geometry)) << "of both";
}

TEST_F(TaskSegmenterTest, HasTheDeviceOnceForTheRoughModelAndItsOwn) {
  ServeTotal("total_fastest");
  ServeVessels();
  const Volume volume = Field({40, 9, 9}, {{20, 500}});
  const size_t patches = PatchesThroughTheGate("liver_vessels", volume);
  EXPECT_EQ(gate_.order(), EnteredOnceFor(patches));
  EXPECT_GT(patches, static_cast<size_t>(models_.at("total_fastest")->MostPatches(volume.geometry, {}))) << "of both";
}

TEST_F(TaskSegmenterTest, LeavesTheDeviceWhereTheRoughModelFindsNothing) {
  ServeTotal("total_fastest");
  ServeVessels();
  const size_t patches = PatchesThroughTheGate("liver_vessels", Field({20, 9, 9}, {{5, 200}}));
  EXPECT_EQ(gate_.order(), EnteredOnceFor(patches));
}

TEST_F(TaskSegmenterTest, HasTheDeviceOnceForItsOwnModelAndTheRefiner) {
  ServeRefinedVertebrae();
  const size_t patches = PatchesThroughTheGate("vertebrae_pp_refined", Field({40, 9, 9}, {{20, 500}, {21, 200}}));
  EXPECT_EQ(gate_.order(), EnteredOnceFor(patches));
}

TEST_F(TaskSegmenterTest, LeavesTheDeviceWhereAModelThrows) {
  ServeTotal("total_fastest");
  ServeVessels();
  gate_.on_patch = [] { throw Error(ErrorCode::kResourceExhausted, "the device has no memory left for a patch"); };
  ExpectError(ErrorCode::kResourceExhausted, "no memory left", [&] { PatchesThroughTheGate("liver_vessels", Field({40, 9, 9}, {{20, 500}})); });
  EXPECT_EQ(gate_.order(), "epl");
}

TEST_F(TaskSegmenterTest, NeedsTheMemoryOfItsLargestModel) {
  ServeTotal("total_fastest");
  ServeVessels();
  const Geometry geometry = Field({40, 40, 40}, {}).geometry;
  EXPECT_GT(Plan("liver_vessels", {}).PeakBytes(geometry), models_.at("liver_vessels")->PeakBytes(geometry));
  for (const bool sum_on_device : {false, true}) {
    const SegmentOptions options{.sum_on_device = sum_on_device};
    EXPECT_EQ(Plan("liver_vessels", {.segment = options}).DeviceBytes(geometry), std::max(DeviceBytes(models_.at("liver_vessels")->model(), geometry, options),
                                                                                          DeviceBytes(models_.at("total_fastest")->model(), geometry, options)));
  }
}

TEST_F(TaskSegmenterTest, CountsThePatchesOfAllItsModels) {
  ServeTotal("total_fastest");
  ServeVessels();
  const Geometry geometry = Field({40, 40, 40}, {}).geometry;
  EXPECT_EQ(Plan("liver_vessels", {}).MostPatches(geometry), models_.at("liver_vessels")->MostPatches(geometry, {}) + models_.at("total_fastest")->MostPatches(geometry, {}));
}

TEST_F(TaskSegmenterTest, NamesTheOtherTasksWhoseModelsItRuns) {
  ServeTotal("total_fastest");
  ServeVessels();
  EXPECT_THAT(Plan("liver_vessels", {}).OtherTasks(), testing::ElementsAre("total_fastest"));
  EXPECT_THAT(Plan("total_fastest", {}).OtherTasks(), testing::IsEmpty());
}

TEST_F(TaskSegmenterTest, RefusesToRunWithoutASegmenterOfItsPlan) {
  ServeTotal("total_fastest");
  ServeVessels();
  ExpectError(ErrorCode::kFailedPrecondition, "task liver_vessels: needs a model of task total_fastest",
              [&] { TaskSegmenter(Plan("liver_vessels", {}), *models_.at("liver_vessels"), [](const std::string&) { return nullptr; }); });
  ServeTeethAndAllThatTheyNeed();
  const SegmenterLookup without_skull = [this](const std::string& task) { return task == "total_fastest" ? nullptr : models_.at(task).get(); };
  ExpectError(ErrorCode::kFailedPrecondition, "task craniofacial_structures: needs a model of task total_fastest: must be served beside it",
              [&] { TaskSegmenter(Plan("teeth", {}), *models_.at("teeth"), without_skull); });
}

}  // namespace
}  // namespace tuckerseg
