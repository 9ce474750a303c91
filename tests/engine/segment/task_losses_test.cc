/// What a task tells of a crop and of a refinement: what was not found, what may have been cut off, and what was erased; and of its parts: where one overwrote another.
#include <algorithm>

#include "tests/engine/segment/task_segmenter_fixture.h"

namespace tuckerseg {
namespace {

class TaskLossesTest : public TaskSegmenterTest {};

TEST_F(TaskLossesTest, TellsTheBoxThatWasLookedAtAndWhatMayHaveBeenCutOffThere) {
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

TEST_F(TaskLossesTest, NamesWhatTheRoughModelDidNotFindBesideWhatItFound) {
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

TEST_F(TaskLossesTest, NamesNothingWhereTheRoughModelFoundAllThatItWasToFind) {
  ServeTotal("total_fastest");
  ServeVessels();
  const Segmentation segmentation = Make("liver_vessels", {}).Segment(Field({40, 9, 9}, {{20, 500}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::IsEmpty()) << "its spleen was not asked for";
}

TEST_F(TaskLossesTest, NamesWhatLabelsAreKeptNearWhereTheRoughModelDidNotFindIt) {
  ServeHeartChambers({"colon", "liver"}, {"colon", "liver", "spleen"});
  // The chamber's voxel at 24 may be near the spleen, which the rough model missed; it is not near the liver, the voxel at 20.
  const Segmentation segmentation = Make("heartchambers_highres", {}).Segment(Field({40, 9, 9}, {{20, 500}, {24, 200}}));
  EXPECT_EQ(segmentation.label_map.labels[20], 1);
  EXPECT_EQ(segmentation.label_map.labels[24], 0) << "it was erased";
  ASSERT_TRUE(segmentation.crop);
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::ElementsAre("spleen", "colon"))
      << "by value, whatever it was to be found for; the colon, which it was for both, once";
}

TEST_F(TaskLossesTest, NamesNothingWhereAllThatLabelsAreKeptNearWasFound) {
  ServeHeartChambers({"liver"}, {"liver"});
  const Segmentation segmentation = Make("heartchambers_highres", {}).Segment(Field({40, 9, 9}, {{20, 500}, {24, 200}}));
  EXPECT_EQ(segmentation.label_map.labels[24], 0) << "too far from what was found";
  ASSERT_TRUE(segmentation.crop);
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::IsEmpty());
}

TEST_F(TaskLossesTest, NamesNothingThatLabelsAreKeptNearWhereThereIsNothingToCropTo) {
  ServeHeartChambers({"colon"}, {"liver", "spleen"});
  const Segmentation segmentation = Make("heartchambers_highres", {}).Segment(Field({40, 9, 9}, {{20, 500}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_FALSE(segmentation.crop->box) << "the liver, which was found, is not what the volume is cropped to";
  EXPECT_THAT(segmentation.crop->structures_not_found, testing::IsEmpty()) << "nothing was looked at, so nothing was erased";
}

TEST_F(TaskLossesTest, TellsOfNoCropWhereTheWholeVolumeWasLookedAt) {
  ServeTotal("total");
  EXPECT_FALSE(Make("total", {}).Segment(Field({40, 9, 9}, {{20, 500}})).crop);
}

TEST_F(TaskLossesTest, TellsNothingOfWhatWasLeftOutAtTheCropsBorder) {
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

TEST_F(TaskLossesTest, TellsNothingOfWhatTheRefinementTookFromTheCropsBorder) {
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

TEST_F(TaskLossesTest, TellsWhatTheRefinementGrewToTheCropsBorder) {
  ServeTotal("total_fastest");
  ServeRefinedVertebraeInACrop(300, 100);
  // The vertebra is the voxel at 20 alone; it grows into the body, which goes on beyond the crop.
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{20, 500}, {21, 200}, {22, 200}, {23, 200}}));
  EXPECT_EQ(segmentation.label_map.labels[22], 1);
  ASSERT_TRUE(segmentation.crop);
  EXPECT_EQ(segmentation.crop->box, (VolumeBox{{18, 0, 0}, {23, 3, 3}}));
  EXPECT_THAT(segmentation.crop->border_labels, testing::ElementsAre(1));
}

TEST_F(TaskLossesTest, NamesTheStructuresThatTheRefinementErasedEntirely) {
  ServeThreeRefinedVertebrae(400);
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{5, 300}, {15, 150}, {25, 500}}));
  EXPECT_EQ(segmentation.label_map.labels[5], 0);
  EXPECT_EQ(segmentation.label_map.labels[15], 0);
  EXPECT_EQ(segmentation.label_map.labels[25], 3);
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::ElementsAre("vertebrae_C1", "vertebrae_C2")) << "by value";
  EXPECT_FALSE(segmentation.crop);
}

TEST_F(TaskLossesTest, NamesAllThatItsNetworksFoundWhereTheRefinerFindsNothing) {
  ServeThreeRefinedVertebrae(600);
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{15, 150}, {25, 500}}));
  EXPECT_EQ(std::count(segmentation.label_map.labels.begin(), segmentation.label_map.labels.end(), 0), 40 * 9 * 9);
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::ElementsAre("vertebrae_C1", "vertebrae_C3")) << "the other one was never found";
}

TEST_F(TaskLossesTest, NamesOfTheRefinementsLossesOnlyWhatWasAskedFor) {
  ServeThreeRefinedVertebrae(600);
  const Segmentation segmentation = Make("vertebrae_pp_refined", {.segment = {.structures = {3}}}).Segment(Field({40, 9, 9}, {{15, 150}, {25, 500}}));
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::ElementsAre("vertebrae_C3"));
}

TEST_F(TaskLossesTest, NamesNothingThatTheRefinementHasLeftAVoxelOf) {
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

TEST_F(TaskLossesTest, NamesNothingAsLostInARefinementWhereNothingWasLookedAt) {
  ServeTotal("total_fastest");
  ServeRefinedVertebraeInACrop(100, 300);
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{20, 200}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_FALSE(segmentation.crop->box);
  EXPECT_THAT(segmentation.structures_lost_in_refinement, testing::IsEmpty());
}

TEST_F(TaskLossesTest, CountsWhereItsOwnPartsOverlapInTheCropAlone) {
  Serve(OverlappingBundle("total_fastest", 300, 400));
  Bundle vessels = OverlappingBundle("liver_vessels", 100, 200);
  vessels.model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"liver"}, 2};
  Serve(std::move(vessels));
  // The rough model's liver is the voxel at 20, its parts overlap at 30. Of the task's own they do at 20, and would at 30.
  const Segmentation segmentation = Make("liver_vessels", {}).Segment(Field({40, 9, 9}, {{20, 350}, {22, 150}, {30, 500}}));
  ASSERT_TRUE(segmentation.crop);
  EXPECT_EQ(segmentation.crop->box, (VolumeBox{{18, 0, 0}, {23, 3, 3}}));
  EXPECT_EQ(segmentation.part_overlap_voxels, 1);
}

TEST_F(TaskLossesTest, CountsNoOverlapOfTheModelThatRefines) {
  Bundle vertebrae = ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1"}, 100);
  vertebrae.model.pipeline.refine = RefineRule{"vertebrae_body", "spleen", 2};
  Serve(std::move(vertebrae));
  Serve(OverlappingBundle("vertebrae_body", 200, 300));
  const Segmentation segmentation = Make("vertebrae_pp_refined", {}).Segment(Field({40, 9, 9}, {{20, 500}}));
  EXPECT_EQ(segmentation.label_map.labels[20], 1);
  EXPECT_EQ(segmentation.part_overlap_voxels, 0);
}

}  // namespace
}  // namespace tuckerseg
