#include "server/serve/inference_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/server/serve/inference_message.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

const LabelMap& Map() {
  static const LabelMap map{{4, 3, 1}, {0, 1, 2, 3, 0, 0, 0, 0, 255, 254, 0, 1}};
  return map;
}

inference::ModelInferResponse Labels(const LabelsForm& form) {
  inference::ModelInferResponse response;
  AddLabels(Map(), form, response);
  EXPECT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "labels");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(1, 3, 4));
  return response;
}

TEST(AddLabels, SendsBytesWhereTheLabelsFit) {
  const auto response = Labels({.wide = false, .raw = true});
  EXPECT_EQ(response.outputs(0).datatype(), "UINT8");
  ASSERT_EQ(response.raw_output_contents_size(), 1);
  EXPECT_EQ(response.raw_output_contents(0), RawOf(std::vector<uint8_t>(Map().labels.begin(), Map().labels.end())));
  EXPECT_FALSE(response.outputs(0).has_contents());
}

TEST(AddLabels, SendsWordsWhereTheyDoNot) {
  const auto response = Labels({.wide = true, .raw = true});
  EXPECT_EQ(response.outputs(0).datatype(), "UINT16");
  EXPECT_EQ(response.raw_output_contents(0), RawOf(Map().labels));
}

TEST(AddLabels, SendsTypedContentsToThoseThatSendThem) {
  for (const bool wide : {false, true}) {
    const auto response = Labels({.wide = wide, .raw = false});
    EXPECT_EQ(response.raw_output_contents_size(), 0);
    EXPECT_THAT(response.outputs(0).contents().uint_contents(), testing::ElementsAreArray(Map().labels));
  }
}

/// Of a model of liver (2), spleen (5) and aorta (300).
std::string Warning(const std::optional<CropResult>& crop, const std::vector<std::string>& lost_in_refinement = {}) {
  Model model;
  model.labels = {{.value = 2, .name = "liver"}, {.value = 5, .name = "spleen"}, {.value = 300, .name = "aorta"}};
  Segmentation segmentation;
  segmentation.crop = crop;
  segmentation.structures_lost_in_refinement = lost_in_refinement;
  return WarningOf(segmentation, model);
}

TEST(WarningOf, SaysWhyALabelMapIsEmptyAndWhatMayBeMissingOrCutOff) {
  const VolumeBox box{{0, 0, 0}, {4, 3, 1}};
  EXPECT_EQ(Warning({}), "");
  EXPECT_EQ(Warning(CropResult{.box = box}), "");
  EXPECT_EQ(Warning(CropResult{.box = box, .border_labels = {2, 300}}), "at the border of the crop, so maybe cut off: liver, aorta");
  EXPECT_EQ(Warning(CropResult{.box = box, .structures_not_found = {"lung_left", "lung_right"}}),
            "not found by the rough model, so what the CT shows there may be missing: lung_left, lung_right");
  EXPECT_EQ(Warning(CropResult{.box = box, .border_labels = {5}, .structures_not_found = {"lung_left"}}),
            "not found by the rough model, so what the CT shows there may be missing: lung_left; at the border of the crop, so maybe cut off: spleen");
  EXPECT_EQ(Warning(CropResult{}), "the rough model found none of the structures to crop to: the label map is empty");
}

TEST(WarningOf, SaysWhatARefinementHasErased) {
  const VolumeBox box{{0, 0, 0}, {4, 3, 1}};
  EXPECT_EQ(Warning({}, {"liver", "aorta"}), "found, then erased, as the refining model did not confirm it: liver, aorta") << "there need not be a crop";
  EXPECT_EQ(Warning(CropResult{.box = box, .border_labels = {5}, .structures_not_found = {"lung_left"}}, {"liver"}),
            "not found by the rough model, so what the CT shows there may be missing: lung_left; found, then erased, as the refining model did not confirm it: liver; "
            "at the border of the crop, so maybe cut off: spleen");
}

TEST(FormOfLabels, GoesByTheHighestLabelOfTheTask) {
  Model model;
  EXPECT_FALSE(FormOfLabels(model, true).wide);
  model.labels.push_back({.value = 255});
  EXPECT_FALSE(FormOfLabels(model, true).wide);
  model.labels.push_back({.value = 256});
  EXPECT_TRUE(FormOfLabels(model, true).wide);
}

TEST(LabelsBytes, AreThoseThatTheResponseTakes) {
  EXPECT_EQ(LabelsBytes(10, {.wide = false, .raw = true}), 10);
  EXPECT_EQ(LabelsBytes(10, {.wide = true, .raw = true}), 20);
  EXPECT_EQ(LabelsBytes(10, {.wide = false, .raw = false}), 40);
}

TEST(DescribeForInference, TellsTensorsVersionsAndWhatTheLabelsMean) {
  const ServedModel served;
  inference::ModelMetadataResponse response;
  Describe(served.view()->Find("tiny"), response);
  EXPECT_EQ(response.name(), "tiny");
  EXPECT_THAT(response.versions(), ElementsAre("original"));
  std::vector<std::string> tensors;
  for (const auto& input : response.inputs()) tensors.push_back(input.name() + " " + input.datatype());
  EXPECT_THAT(tensors, ElementsAre("volume INT16", "spacing FP64", "direction FP64", "origin FP64"));
  EXPECT_THAT(response.inputs(0).shape(), ElementsAre(-1, -1, -1));
  EXPECT_THAT(response.inputs(2).shape(), ElementsAre(9));
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).datatype(), "UINT8");
  EXPECT_EQ(response.properties().at("label.3"), "structure_3");
}

}  // namespace
}  // namespace tuckerseg
