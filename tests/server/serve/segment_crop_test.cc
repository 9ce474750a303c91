/// Crops by a rough model and refinements by another, as clients are told of them: an empty label map and an organ that is erased or cut off flat must not pass for what the
/// volume holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/segment/threshold_model.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Index3 kShape{40, 9, 9};

/// 1 HU everywhere but for `bright` voxels along the first row.
std::vector<int16_t> Row(const std::map<size_t, int16_t>& bright) {
  std::vector<int16_t> voxels(static_cast<size_t>(kShape[0] * kShape[1] * kShape[2]), 1);
  for (const auto& [i, hu] : bright) voxels[i] = hu;
  return voxels;
}
std::vector<std::byte> Ct(const std::map<size_t, int16_t>& bright) { return NiftiBuilder().Shape(kShape).Voxels(Row(bright)).Spacing({1, 1, 1}).Bytes(); }

Bundle Named(Bundle bundle) {
  bundle.model.name = bundle.model.task;
  return bundle;
}
/// Finds a liver above 300 HU.
Bundle RoughModel() { return Named(ThresholdBundle("total_fastest", {"liver", "spleen"}, 300)); }
/// A task whose own network finds its first structure above 100 HU; the crop's margin is 2 mm. `crop_to`: empty: what a request asks for.
Bundle Cropping(const std::string& task, const std::vector<std::string>& structures, const std::vector<std::string>& crop_to) {
  Bundle bundle = Named(ThresholdBundle(task, structures, 100));
  bundle.model.pipeline.crop = CropRule{"total_fastest", "total_fast", crop_to, 2};
  return bundle;
}

/// Is cropped to what a task finds that was trained on crops itself.
Bundle Teeth() {
  Bundle bundle = Cropping("teeth", {"crown"}, {"teeth_lower"});
  bundle.model.pipeline.crop->task = bundle.model.pipeline.crop->robust_task = "craniofacial_structures";
  return bundle;
}

/// Labels stay only where the rough model finds the spleen, which it never does.
Bundle Refined(Bundle bundle) {
  bundle.model.pipeline.refine = RefineRule{"total_fastest", "spleen", 2};
  return bundle;
}

/// The rough model finds the voxel at 20 alone. The liver goes on beyond the crop, whose last voxel along i is 22.
const std::map<size_t, int16_t> kCutOff{{20, 500}, {22, 200}, {23, 200}};
const std::map<size_t, int16_t> kWhole{{20, 500}, {21, 200}};
const std::map<size_t, int16_t> kTooDark{{20, 200}};

class SegmentCrop : public testing::Test {
 protected:
  static ServedOptions Serving() {
    ServedOptions options;
    options.bundles = {RoughModel(), Cropping("total", {"liver", "spleen"}, {})};
    return options;
  }
  Answer Ask(const std::map<size_t, int16_t>& bright, v1::Crop crop = v1::CROP_UNSPECIFIED, const std::string& key = "",
             const std::vector<std::string>& structures = {"liver"}) {
    v1::SegmentHeader header;
    header.set_task("total");
    for (const std::string& structure : structures) header.add_structures(structure);
    header.mutable_processing()->set_crop(crop);
    header.set_idempotency_key(key);
    Answer answer = Segment(served_.channel(), Ct(bright), header);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    return answer;
  }

  ServedModel served_{Serving()};
};

TEST_F(SegmentCrop, TellsWhichPartOfTheVolumeWasLookedAtAndWhatMayBeCutOffThere) {
  const v1::Summary summary = Ask(kCutOff).summary;
  EXPECT_EQ(summary.crop_task(), "total_fastest");
  EXPECT_THAT(summary.crop_box().begin(), ElementsAre(18, 0, 0));
  EXPECT_THAT(summary.crop_box().end(), ElementsAre(23, 3, 3));
  EXPECT_THAT(summary.structures_at_crop_border(), ElementsAre("liver"));
  EXPECT_FALSE(summary.crop_found_nothing());
  EXPECT_EQ(summary.volumes(0).voxels(), 2U) << "and not three";
}

TEST_F(SegmentCrop, NamesNothingThatEndsWithinTheCropOrAtTheVolumesOwnBorder) {
  const v1::Summary summary = Ask(kWhole).summary;
  EXPECT_TRUE(summary.has_crop_box());
  EXPECT_THAT(summary.structures_at_crop_border(), IsEmpty());
  EXPECT_THAT(summary.crop_structures_not_found(), IsEmpty());
}

TEST_F(SegmentCrop, NamesWhatTheRoughModelDidNotFindBesideWhatItFound) {
  const v1::Summary summary = Ask(kWhole, v1::CROP_UNSPECIFIED, "", {"liver", "spleen"}).summary;
  EXPECT_THAT(summary.crop_structures_not_found(), ElementsAre("spleen"));
  EXPECT_FALSE(summary.crop_found_nothing());
  EXPECT_THAT(summary.crop_box().begin(), ElementsAre(18, 0, 0));
  ASSERT_EQ(summary.volumes_size(), 1) << "the label map is made all the same";
  EXPECT_EQ(summary.volumes(0).voxels(), 2U);
}

TEST_F(SegmentCrop, SaysThatTheLabelMapIsEmptyBecauseTheRoughModelFoundNothing) {
  const Answer answer = Ask(kTooDark);
  const std::vector<uint16_t> labels = DecodedLabels(answer.file);
  EXPECT_EQ(std::count(labels.begin(), labels.end(), 0), kShape[0] * kShape[1] * kShape[2]);
  EXPECT_TRUE(answer.summary.crop_found_nothing());
  EXPECT_FALSE(answer.summary.has_crop_box());
  EXPECT_THAT(answer.summary.structures_at_crop_border(), IsEmpty());
  EXPECT_THAT(answer.summary.crop_structures_not_found(), IsEmpty()) << "it is told once";
  EXPECT_EQ(answer.summary.crop_task(), "total_fastest") << "whose model it was";
}

TEST_F(SegmentCrop, TellsNothingWhereTheWholeVolumeWasLookedAt) {
  const v1::Summary summary = Ask(kTooDark, v1::CROP_NONE).summary;
  EXPECT_EQ(summary.volumes(0).voxels(), 1U) << "the task's own network finds it";
  EXPECT_EQ(summary.crop_task(), "");
  EXPECT_FALSE(summary.has_crop_box());
  EXPECT_FALSE(summary.crop_found_nothing());
}

TEST_F(SegmentCrop, IsToldAgainWithAnAnswerThatIsGivenAgain) {
  EXPECT_TRUE(Ask(kTooDark, v1::CROP_UNSPECIFIED, "k").summary.crop_found_nothing());
  const Answer again = Ask(kTooDark, v1::CROP_UNSPECIFIED, "k");
  EXPECT_EQ(again.order.find('p'), std::string::npos) << "it is not worked again";
  EXPECT_TRUE(again.summary.crop_found_nothing());
}

/// A task that was trained on crops, with two levels: its original, and `ones`, which calls every voxel that it sees a vessel.
class CropOfATaskThatNeedsIt : public testing::Test {
 protected:
  explicit CropOfATaskThatNeedsIt(Bundle bundle = Cropping("liver_vessels", {"vessel"}, {"liver"})) : disk_(std::move(bundle)) {}

  static ServedOptions Serving(const ModelOnDisk& disk) {
    disk.AddDrawing(1, "ones", {{"ones", 0.5, true, 1}}, 12);
    SaveBundle(RoughModel(), disk.models() / "rough");
    ServedOptions options;
    options.models = disk.models();
    return options;
  }
  CompareAnswer CompareOn(const std::map<size_t, int16_t>& bright) {
    v1::CompareHeader header = Comparing({"original", "ones"});
    header.set_task("liver_vessels");
    CompareAnswer answer = Compare(served_.channel(), Ct(bright), header);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    return answer;
  }
  std::map<std::string, std::string> InferOn(const std::map<size_t, int16_t>& bright) {
    InferRequest request = RawRequest({kShape[2], kShape[1], kShape[0]}, Row(bright));
    request.set_model_name("liver_vessels");
    request.set_model_version("original");
    const Inference inference = Infer(served_.channel(), request);
    EXPECT_TRUE(inference.status.ok()) << inference.status.error_message();
    std::map<std::string, std::string> texts;
    for (const auto& [name, parameter] : inference.response.parameters()) texts[name] = parameter.string_param();
    return texts;
  }

  const ModelOnDisk disk_;
  ServedModel served_{Serving(disk_)};
};

/// The same around two structures, of which the rough model never finds the spleen.
class CropToWhatIsNotAllFound : public CropOfATaskThatNeedsIt {
 protected:
  CropToWhatIsNotAllFound() : CropOfATaskThatNeedsIt(Cropping("liver_vessels", {"vessel"}, {"liver", "spleen"})) {}
};

/// The same around the liver alone, and refined by that spleen.
class CropOfWhatIsRefined : public CropOfATaskThatNeedsIt {
 protected:
  CropOfWhatIsRefined() : CropOfATaskThatNeedsIt(Refined(Cropping("liver_vessels", {"vessel"}, {"liver"}))) {}
};

TEST_F(CropOfATaskThatNeedsIt, IsToldOfEachLevelThatIsCompared) {
  const CompareAnswer answer = CompareOn(kWhole);
  ASSERT_EQ(answer.levels.size(), 2U);
  for (const AnsweredLevel& level : answer.levels) {
    EXPECT_THAT(level.result.crop_box().begin(), ElementsAre(18, 0, 0));
    EXPECT_THAT(level.result.crop_box().end(), ElementsAre(23, 3, 3));
    EXPECT_FALSE(level.result.crop_found_nothing());
  }
  EXPECT_THAT(answer.levels[0].result.structures_at_crop_border(), IsEmpty());
  EXPECT_THAT(answer.levels[1].result.structures_at_crop_border(), ElementsAre("vessel"));
}

TEST_F(CropOfATaskThatNeedsIt, IsToldOfEachLevelWhereTheRoughModelFoundNothing) {
  for (const AnsweredLevel& level : CompareOn(kTooDark).levels) {
    EXPECT_TRUE(level.result.crop_found_nothing());
    EXPECT_FALSE(level.result.has_crop_box());
  }
}

TEST_F(CropOfATaskThatNeedsIt, IsToldInWordsByTheOpenInferenceProtocol) {
  EXPECT_FALSE(InferOn(kWhole).contains("warning"));
  EXPECT_EQ(InferOn(kCutOff)["warning"], "at the border of the crop, so maybe cut off: vessel");
  EXPECT_EQ(InferOn(kTooDark)["warning"], "the rough model found none of the structures to crop to: the label map is empty");
}

TEST_F(CropToWhatIsNotAllFound, IsToldOfEachLevelThatIsCompared) {
  const CompareAnswer answer = CompareOn(kWhole);
  ASSERT_EQ(answer.levels.size(), 2U);
  for (const AnsweredLevel& level : answer.levels) EXPECT_THAT(level.result.crop_structures_not_found(), ElementsAre("spleen"));
}

TEST_F(CropToWhatIsNotAllFound, IsToldInWordsByTheOpenInferenceProtocol) {
  EXPECT_EQ(InferOn(kWhole)["warning"], "not found by the rough model, so what the CT shows there may be missing: spleen");
  EXPECT_EQ(InferOn(kCutOff)["warning"],
            "not found by the rough model, so what the CT shows there may be missing: spleen; at the border of the crop, so maybe cut off: vessel");
  EXPECT_EQ(InferOn(kTooDark)["warning"], "the rough model found none of the structures to crop to: the label map is empty");
}

TEST(SegmentNestedCrop, RunsTheRoughModelsTaskWithItsOwnCrop) {
  ServedOptions options;
  options.bundles = {RoughModel(), Cropping("craniofacial_structures", {"teeth_lower"}, {"liver"}), Teeth()};
  ServedModel served(std::move(options));
  v1::SegmentHeader header;
  header.set_task("teeth");
  // The rough model's rough model finds the voxel at 20: what lies at 30 is not looked at.
  const Answer answer = Segment(served.channel(), Ct({{20, 500}, {21, 200}, {30, 200}}), header);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.summary.crop_task(), "craniofacial_structures");
  EXPECT_THAT(answer.summary.crop_box().begin(), ElementsAre(18, 0, 0));
  EXPECT_THAT(answer.summary.crop_box().end(), ElementsAre(24, 3, 3));
  ASSERT_EQ(answer.summary.volumes_size(), 1);
  EXPECT_EQ(answer.summary.volumes(0).voxels(), 2U);
}

TEST(SegmentNestedCrop, RefusesATaskWhoseRoughModelMissesItsOwn) {
  ServedOptions options;
  options.bundles = {Cropping("craniofacial_structures", {"teeth_lower"}, {"liver"}), Teeth()};
  ServedModel served(std::move(options));
  v1::SegmentHeader header;
  header.set_task("teeth");
  const Answer answer = Segment(served.channel(), Ct(kWhole), header);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(answer.status.error_message(), testing::HasSubstr("task craniofacial_structures: needs a model of task total_fastest"));
}

TEST(SegmentRefined, NamesWhatTheRefinementErasedWhereThereIsNoCrop) {
  ServedOptions options;
  options.bundles = {RoughModel(), Refined(Named(ThresholdBundle("vertebrae_pp_refined", {"vertebrae_C1", "vertebrae_C2"}, 100)))};
  ServedModel served(std::move(options));
  v1::SegmentHeader header;
  header.set_task("vertebrae_pp_refined");
  const Answer answer = Segment(served.channel(), Ct(kWhole), header);
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.summary.structures_lost_in_refinement(), ElementsAre("vertebrae_C1")) << "the other one was never found";
  EXPECT_EQ(answer.summary.volumes_size(), 0);
  EXPECT_FALSE(answer.summary.has_crop_box());
}

TEST_F(SegmentCrop, TellsOfNoLossWhereThereIsNoRefinement) { EXPECT_THAT(Ask(kWhole).summary.structures_lost_in_refinement(), IsEmpty()); }

TEST_F(CropOfWhatIsRefined, TellsOfEachLevelThatIsComparedWhatItLost) {
  const CompareAnswer answer = CompareOn(kWhole);
  ASSERT_EQ(answer.levels.size(), 2U);
  for (const AnsweredLevel& level : answer.levels) EXPECT_THAT(level.result.structures_lost_in_refinement(), ElementsAre("vessel"));
}

TEST_F(CropOfWhatIsRefined, TellsWhatItLostInWordsByTheOpenInferenceProtocol) {
  EXPECT_EQ(InferOn(kWhole)["warning"], "found, then erased, as the refining model did not confirm it: vessel");
  EXPECT_EQ(InferOn(kTooDark)["warning"], "the rough model found none of the structures to crop to: the label map is empty") << "there was nothing to lose";
}

}  // namespace
}  // namespace tuckerseg
