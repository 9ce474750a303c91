#include "compression/train/training_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/train/training_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

TEST(MakeTrainingModel, HasOneChannelForEachClassThatOccursAndMapsItToTheDataSetsValue) {
  const Model model = SphereModel();
  EXPECT_THAT(model.parts.front().channel_labels, ElementsAre(0, 1, 5));
  EXPECT_EQ(model.parts.front().graph.OutChannels(), 3);
  ASSERT_EQ(model.labels.size(), 2U);
  EXPECT_EQ(model.labels[1].name, "liver");
  EXPECT_TRUE(model.labels[1].rgb.has_value()) << "TotalSegmentator's colour";
  EXPECT_FALSE(model.labels[1].snomed_code.empty());
  EXPECT_TRUE(model.pipeline.totalsegmentator);
  EXPECT_EQ(model.pipeline.spacing_mm, (Spacing3d{3, 3, 3}));
  EXPECT_EQ(model.pipeline.tile_step, 0.8);
}

TEST(MakeTrainingModel, TrainsTheStructuresAskedForAlone) {
  TrainingModelOptions options;
  options.structures = {"liver"};
  EXPECT_THAT(MakeTrainingModel(SpherePlans().dump(), kSphereClasses, {1, 5}, {}, options).parts.front().channel_labels, ElementsAre(0, 5));
  options.structures = {"liver", "heart"};
  ExpectError(ErrorCode::kInvalidArgument, "structures = heart: must be a class that occurs in the training cases",
              [&] { MakeTrainingModel(SpherePlans().dump(), kSphereClasses, {1, 5}, {}, options); });
}

TEST(MakeTrainingModel, TurnsThePlansSpacingToTheCanonicalAxes) {
  Json plans = SpherePlans();
  plans["transpose_forward"] = {1, 0, 2};  // the network's axes are y, z, x
  plans["configurations"]["3d_fullres"]["spacing"] = {2.0, 5.0, 3.0};
  EXPECT_EQ(MakeTrainingModel(plans.dump(), kSphereClasses, {1}, {}, {}).pipeline.spacing_mm, (Spacing3d{3, 2, 5}));
}

TEST(MakeTrainingModel, TakesIntensitiesFromTheDataWhereThePlansHaveNone) {
  Json plans = SpherePlans();
  plans.erase("foreground_intensity_properties_per_channel");
  ExpectError(ErrorCode::kInvalidArgument, "foreground_intensity_properties_per_channel: missing", [&] { MakeTrainingModel(plans.dump(), kSphereClasses, {1}, {}, {}); });
  Normalization computed;
  computed.lower = -50;
  computed.upper = 350;
  computed.mean = 200;
  computed.std_dev = 75;
  EXPECT_EQ(MakeTrainingModel(plans.dump(), kSphereClasses, {1}, computed, {}).parts.front().normalization.front(), computed);
}

TEST(MakeTrainingModel, RefusesWhatCannotBeTrainedOrLoaded) {
  ExpectError(ErrorCode::kInvalidArgument, "no class of the data set occurs", [] { MakeTrainingModel(SpherePlans().dump(), kSphereClasses, {7}, {}, {}); });
  Json plans = SpherePlans();
  plans["configurations"]["3d_fullres"]["patch_size"] = {16, 18, 16};
  ExpectError(ErrorCode::kInvalidArgument, "patch_size[1] = 18: must be a multiple of 4", [&] { MakeTrainingModel(plans.dump(), kSphereClasses, {1}, {}, {}); });
  TrainingModelOptions options;
  options.name = "a/b";
  ExpectError(ErrorCode::kInvalidArgument, "a/b", [&] { MakeTrainingModel(SpherePlans().dump(), kSphereClasses, {1}, {}, options); });
  options = {};
  options.configuration = "2d";
  ExpectError(ErrorCode::kInvalidArgument, "2d", [&] { MakeTrainingModel(SpherePlans().dump(), kSphereClasses, {1}, {}, options); });
}

}  // namespace
}  // namespace tuckerseg
