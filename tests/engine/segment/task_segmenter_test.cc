/// What the networks of a task look at, one behind the other, and what is left of what they find.
#include "engine/segment/task_segmenter.h"

#include <algorithm>

#include "tests/engine/segment/task_segmenter_fixture.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

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

TEST_F(TaskSegmenterTest, CountsThePatchesOfBothModelsWithoutEverGoingBack) {
  ServeTotal("total_fastest");
  ServeVessels();
  PatchesCounted("liver_vessels", Field({40, 9, 9}, {{20, 500}}));
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

TEST_F(TaskSegmenterTest, CountsThePatchesOfARoughModelsTaskWithoutEverGoingBack) {
  ServeTeethAndAllThatTheyNeed();
  PatchesCounted("teeth", Field({40, 9, 9}, {{10, 500}, {12, 200}}));
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

TEST_F(TaskSegmenterTest, CountsThePatchesOfARefinerBehindItsOwn) {
  ServeRefinedVertebrae();
  const Volume volume = Field({40, 9, 9}, {{20, 500}, {21, 200}});
  const int64_t total = PatchesCounted("vertebrae_pp_refined", volume);
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
