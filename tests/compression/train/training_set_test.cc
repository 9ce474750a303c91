#include "compression/train/training_set.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compression/train/batch_queue.h"
#include "compression/train/training_model.h"
#include "engine/half.h"
#include "tests/compression/sphere_cases.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const std::map<std::string, int64_t> kClasses{{"liver", 5}, {"spleen", 1}, {"heart", 51}};

Model SphereModel() { return MakeTrainingModel(SpherePlans().dump(), kClasses, {1, 5}, {}, {}); }

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
  EXPECT_THAT(MakeTrainingModel(SpherePlans().dump(), kClasses, {1, 5}, {}, options).parts.front().channel_labels, ElementsAre(0, 5));
  options.structures = {"liver", "heart"};
  ExpectError(ErrorCode::kInvalidArgument, "structures = heart: must be a class that occurs in the training cases",
              [&] { MakeTrainingModel(SpherePlans().dump(), kClasses, {1, 5}, {}, options); });
}

TEST(MakeTrainingModel, TurnsThePlansSpacingToTheCanonicalAxes) {
  Json plans = SpherePlans();
  plans["transpose_forward"] = {1, 0, 2};  // the network's axes are y, z, x
  plans["configurations"]["3d_fullres"]["spacing"] = {2.0, 5.0, 3.0};
  EXPECT_EQ(MakeTrainingModel(plans.dump(), kClasses, {1}, {}, {}).pipeline.spacing_mm, (Spacing3d{3, 2, 5}));
}

TEST(MakeTrainingModel, TakesIntensitiesFromTheDataWhereThePlansHaveNone) {
  Json plans = SpherePlans();
  plans.erase("foreground_intensity_properties_per_channel");
  ExpectError(ErrorCode::kInvalidArgument, "foreground_intensity_properties_per_channel: missing", [&] { MakeTrainingModel(plans.dump(), kClasses, {1}, {}, {}); });
  Normalization computed;
  computed.lower = -50;
  computed.upper = 350;
  computed.mean = 200;
  computed.std_dev = 75;
  EXPECT_EQ(MakeTrainingModel(plans.dump(), kClasses, {1}, computed, {}).parts.front().normalization.front(), computed);
}

TEST(MakeTrainingModel, RefusesWhatCannotBeTrainedOrLoaded) {
  ExpectError(ErrorCode::kInvalidArgument, "no class of the data set occurs", [] { MakeTrainingModel(SpherePlans().dump(), kClasses, {7}, {}, {}); });
  Json plans = SpherePlans();
  plans["configurations"]["3d_fullres"]["patch_size"] = {16, 18, 16};
  ExpectError(ErrorCode::kInvalidArgument, "patch_size[1] = 18: must be a multiple of 4", [&] { MakeTrainingModel(plans.dump(), kClasses, {1}, {}, {}); });
  TrainingModelOptions options;
  options.name = "a/b";
  ExpectError(ErrorCode::kInvalidArgument, "a/b", [&] { MakeTrainingModel(SpherePlans().dump(), kClasses, {1}, {}, options); });
  options = {};
  options.configuration = "2d";
  ExpectError(ErrorCode::kInvalidArgument, "2d", [&] { MakeTrainingModel(SpherePlans().dump(), kClasses, {1}, {}, options); });
}

TEST(MakeTrainingCase, BringsImageAndLabelsIntoTheNetworksGridTogether) {
  // At 1.5 mm: halved on the way to 3 mm.
  const SphereCase made = MakeSphereCase({32, 32, 48}, 1.5, {1, 5}, 3);
  const TrainingCase result = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  EXPECT_EQ(result.shape, (Size3{24, 16, 16}));
  int inside = 0;
  int dense = 0;
  for (size_t i = 0; i < result.channels.size(); ++i) {
    if (result.channels[i] != 2) continue;  // liver: 350 HU, normalised to (350 - 200) / 150
    ++inside;
    dense += std::abs(FloatFromHalf(result.image[i]) - 1.0F) < 0.5F ? 1 : 0;
  }
  EXPECT_GT(inside, 15);
  EXPECT_GT(dense, inside * 6 / 10) << "the surface is blurred by resampling";
  EXPECT_TRUE(result.places.contains(1));
  EXPECT_TRUE(result.places.contains(2));
  EXPECT_FALSE(result.places.contains(0));
  for (const uint32_t place : result.places.at(2)) EXPECT_EQ(result.channels[place], 2);
}

TEST(MakeTrainingCase, TakesLabelsOfAFlippedVolumeWhereTheImageIs) {
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 3);
  const TrainingCase expected = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  for (Volume* volume : {&made.ct, &made.labels}) {
    // The same voxels in a file whose first axis runs to the left.
    const size_t bytes = BytesPerVoxel(volume->type);
    for (size_t row = 0; row < 16 * 24; ++row)
      for (size_t i = 0; i < 8; ++i)
        std::swap_ranges(volume->voxels.begin() + static_cast<std::ptrdiff_t>((row * 16 + i) * bytes),
                         volume->voxels.begin() + static_cast<std::ptrdiff_t>((row * 16 + i + 1) * bytes),
                         volume->voxels.begin() + static_cast<std::ptrdiff_t>((row * 16 + 15 - i) * bytes));
    volume->geometry.affine_ras.linear[0][0] = -3;
    volume->geometry.affine_ras.translation[0] = 45;
  }
  const TrainingCase flipped = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  EXPECT_EQ(flipped.image, expected.image);
  EXPECT_EQ(flipped.channels, expected.channels);
}

TEST(MakeTrainingCase, CutsLabelsWithTheBoxOfTheImage) {
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 3);
  const TrainingCase whole = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  // Four empty slices before the image: the crop takes them off again.
  for (Volume* volume : {&made.ct, &made.labels}) {
    volume->voxels.insert(volume->voxels.begin(), 16 * 16 * 4 * BytesPerVoxel(volume->type), std::byte{0});
    volume->geometry.shape[2] += 4;
  }
  const TrainingCase cropped = MakeTrainingCase("a", made.ct, &made.labels, SphereModel(), 1);
  EXPECT_EQ(cropped.shape, whole.shape);
  EXPECT_EQ(cropped.channels, whole.channels);
}

TEST(MakeTrainingCase, RefusesLabelsOfAnotherGrid) {
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 3);
  Volume moved = made.labels;
  moved.geometry.affine_ras.translation[1] = 1.5;
  ExpectError(ErrorCode::kInvalidArgument, "case a: labels lie 0.5", [&] { MakeTrainingCase("a", made.ct, &moved, SphereModel(), 1); });
  const SphereCase smaller = MakeSphereCase({16, 16, 23}, 3, {1, 5}, 3);
  ExpectError(ErrorCode::kInvalidArgument, "case a: labels of 16 x 16 x 23 voxels: must be 16 x 16 x 24", [&] { MakeTrainingCase("a", made.ct, &smaller.labels, SphereModel(), 1); });
  ExpectError(ErrorCode::kInvalidArgument, "must be a whole number in [0, 65535]", [&] { CountLabels("a", [&] {
    Volume scaled = made.labels;
    scaled.slope = 0.5;
    return scaled;
  }()); });
}

class CaseFolderTest : public testing::Test {
 protected:
  const TemporaryDirectory folder_;
};

TEST_F(CaseFolderTest, ReadsNnunetsLayout) {
  WriteSphereDataset(folder_.path(), 3);
  const CaseFolder found = FindCases(folder_.path());
  ASSERT_EQ(found.cases.size(), 3U);
  EXPECT_EQ(found.cases[2].name, "case_2");
  EXPECT_EQ(found.classes, kClasses);
  EXPECT_EQ(found.description, "spheres");
  EXPECT_TRUE(found.phantoms);
  EXPECT_THAT(PresentLabels(found, {}), ElementsAre(1, 5));
  const TrainingSet set = LoadTrainingSet(found, SphereModel(), {.validation_cases = 1}, {});
  EXPECT_EQ(set.training.size(), 2U);
  EXPECT_EQ(set.validation.front().name, "case_2");
}

TEST_F(CaseFolderTest, ReadsTotalSegmentatorsLayoutWithItsOwnValues) {
  const SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 1);
  WriteNifti(made.ct, folder_.path() / "s0001" / "ct.nii.gz");
  for (const uint8_t value : {uint8_t{1}, uint8_t{5}}) {
    Volume mask = made.labels;
    for (std::byte& voxel : mask.voxels) voxel = voxel == std::byte{value} ? std::byte{1} : std::byte{0};
    WriteNifti(mask, folder_.path() / "s0001" / "segmentations" / (value == 1 ? "spleen.nii.gz" : "liver.nii.gz"));
  }
  const CaseFolder found = FindCases(folder_.path());
  EXPECT_THAT(found.classes, ElementsAre(Pair("liver", 5), Pair("spleen", 1)));
  EXPECT_EQ(CountLabels("s0001", ReadLabels(found.cases.front(), found.classes)), CountLabels("s0001", made.labels));
}

TEST_F(CaseFolderTest, BringsCtsWithoutLabelsIntoTheGridWithNothingButBackground) {
  WriteSphereDataset(folder_.path(), 2);
  const TrainingSet labelled = LoadTrainingSet(FindCases(folder_.path()), SphereModel(), {}, {});
  TrainingSet bare = LoadTrainingSet(FindUnlabelledCases(folder_.path()), SphereModel(), {}, {});
  EXPECT_EQ(bare.training[1].image, labelled.training[1].image);
  EXPECT_EQ(bare.training[1].channels, std::vector<uint8_t>(bare.training[1].image.size(), 0));
  EXPECT_TRUE(bare.training[1].places.empty());
  SetChannels(bare.training[1], labelled.training[1].channels);
  EXPECT_EQ(bare.training[1].places, labelled.training[1].places);
}

TEST_F(CaseFolderTest, RefusesWhatIsNoDataSet) {
  ExpectError(ErrorCode::kNotFound, "--data: no such directory", [&] { FindCases(folder_.path() / "none"); });
  ExpectError(ErrorCode::kNotFound, "--data: holds no case", [&] { FindCases(folder_.path()); });
  WriteSphereDataset(folder_.path(), 1);
  std::filesystem::remove(folder_.path() / "labelsTr" / "case_0.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: must have labels", [&] { FindCases(folder_.path()); });
  folder_.Write("dataset.json", R"({"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": [1, 2]}})");
  ExpectError(ErrorCode::kInvalidArgument, "dataset.labels.liver = [1,2]: must be one value", [&] { FindCases(folder_.path()); });
  folder_.Write("dataset.json", R"({"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 1}, "phantoms": "yes"})");
  ExpectError(ErrorCode::kInvalidArgument, "dataset.phantoms = \"yes\": must be true or false", [&] { FindCases(folder_.path()); });
}

TEST_F(CaseFolderTest, RefusesLabelsThatTheDataSetDoesNotName) {
  WriteSphereDataset(folder_.path(), 1);
  folder_.Write("dataset.json", R"({"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 5}})");
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: label 1: must be a value of dataset.labels", [&] { PresentLabels(FindCases(folder_.path()), {}); });
}

TEST_F(CaseFolderTest, ComputesIntensitiesOfTheForeground) {
  WriteSphereDataset(folder_.path(), 2);
  const Normalization computed = ForegroundIntensities(FindCases(folder_.path()), {});
  EXPECT_NEAR(computed.mean, 275, 15);  // two spheres of 200 and 350 HU
  EXPECT_NEAR(computed.std_dev, 78, 10);
  EXPECT_NEAR(computed.lower, 148, 15);
  EXPECT_NEAR(computed.upper, 402, 15);
}

TEST_F(CaseFolderTest, KeepsToItsMemoryAndToAtLeastOneCase) {
  WriteSphereDataset(folder_.path(), 2);
  const CaseFolder found = FindCases(folder_.path());
  ExpectError(ErrorCode::kResourceExhausted, "cases: 1 of 2 take", [&] { LoadTrainingSet(found, SphereModel(), {.max_bytes = 1000}, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "validation = 2 cases: must leave at least one of 2", [&] { PresentLabels(found, {.validation_cases = 2}); });
}

std::vector<TrainingCase> TwoCases() {
  std::vector<TrainingCase> cases;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    const SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, seed);
    cases.push_back(MakeTrainingCase("case", made.ct, &made.labels, SphereModel(), 1));
  }
  return cases;
}

TEST(ChoosePatch, AroundForegroundFindsEachClassAboutEquallyOften) {
  const std::vector<TrainingCase> cases = TwoCases();
  std::map<int64_t, int> centred;
  for (uint64_t i = 0; i < 200; ++i) {
    RandomStream random({1, i});
    const PatchChoice choice = ChoosePatch(cases, {4, 4, 4}, true, AugmentationOptions::None(), random);
    std::vector<float> image(64);
    std::vector<int64_t> labels(64);
    CutPatch(cases[choice.place], choice.pose, {4, 4, 4}, image, labels);
    ++centred[labels[(2 * 4 + 2) * 4 + 2]];  // the voxel chosen, away from the borders
  }
  EXPECT_GT(centred[1], 60);
  EXPECT_GT(centred[2], 60);
}

TEST(ChoosePatch, StaysInsideTheCaseAndPadsASmallOneOnBothSides) {
  const std::vector<TrainingCase> cases = TwoCases();
  for (uint64_t i = 0; i < 50; ++i) {
    RandomStream random({2, i});
    const PatchChoice choice = ChoosePatch(cases, {8, 16, 20}, i % 2 == 0, AugmentationOptions::None(), random);
    EXPECT_GE(choice.pose.centre[0], 3.5);
    EXPECT_LE(choice.pose.centre[0], 19.5);
    EXPECT_EQ(choice.pose.centre[1], 7.5);
    EXPECT_EQ(choice.pose.centre[2], 7.5);  // 16 voxels in a patch of 20: two on each side
  }
}

TEST(IsForegroundSample, TakesTheLastThirdAsNnunet) {
  EXPECT_FALSE(IsForegroundSample(0, 2, 0.33));
  EXPECT_TRUE(IsForegroundSample(1, 2, 0.33));
  EXPECT_FALSE(IsForegroundSample(0, 1, 0.33));
  EXPECT_FALSE(IsForegroundSample(3, 6, 0.33));
  EXPECT_TRUE(IsForegroundSample(4, 6, 0.33));
}

TEST(BatchQueue, GivesTheBatchesOfTheStepsInOrderWithAnyNumberOfThreads) {
  const std::vector<TrainingCase> cases = TwoCases();
  BatchOptions options;
  options.patch = {8, 8, 8};
  options.seed = 4;
  BatchQueue one(cases, options, 5, 1, 2);
  BatchQueue three(cases, options, 5, 3, 4);
  for (int64_t step = 5; step < 15; ++step) {
    const Batch expected = MakeBatch(cases, options, step);
    for (BatchQueue* queue : {&one, &three}) {
      const Batch batch = queue->Take();
      EXPECT_TRUE(at::equal(batch.image, expected.image)) << step;
      EXPECT_TRUE(at::equal(batch.labels, expected.labels)) << step;
    }
  }
}

TEST(BatchQueue, EndsWhileItsThreadsWorkAhead) {
  const std::vector<TrainingCase> cases = TwoCases();
  BatchOptions options;
  options.patch = {8, 8, 8};
  const BatchQueue queue(cases, options, 0, 2, 100);
}

TEST(BatchQueue, ThrowsWhatAThreadThrew) {
  const std::vector<TrainingCase> none;
  BatchOptions options;
  options.patch = {-1, 8, 8};  // no tensor has that shape
  BatchQueue queue(none, options, 0, 1, 1);
  EXPECT_ANY_THROW(queue.Take());
}

}  // namespace
}  // namespace tuckerseg
