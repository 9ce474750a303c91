#include "compression/train/training_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "compression/train/patch_cut.h"
#include "engine/volume/orientation.h"
#include "tests/compression/train/training_samples.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::Pair;

class CaseFolderTest : public testing::Test {
 protected:
  const TemporaryDirectory folder_;
};

TEST_F(CaseFolderTest, ReadsNnunetsLayout) {
  WriteSphereDataset(folder_.path(), 3);
  const CaseFolder found = FindCases(folder_.path());
  ASSERT_EQ(found.cases.size(), 3U);
  EXPECT_EQ(found.cases[2].name, "case_2");
  EXPECT_EQ(found.classes, kSphereClasses);
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
  EXPECT_EQ(ToFloat(ViewOf(ReadLabels(found.cases.front(), found.classes)), 1), ToFloat(ViewOf(made.labels), 1));
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
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: label 1: must be a value of dataset.labels", [&] { LoadTrainingSet(FindCases(folder_.path()), SphereModel(), {}, {}); });
}

TEST_F(CaseFolderTest, RefusesLabelsBetweenTwoClasses) {
  WriteSphereDataset(folder_.path(), 2);
  Volume labels = EmptyVolume({16, 16, 24}, 3, VoxelType::kFloat32);
  const float between = 2.5;
  std::memcpy(labels.voxels.data(), &between, sizeof between);
  WriteNifti(labels, folder_.path() / "labelsTr" / "case_1.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "case case_1: label 2.5", [&] { LoadTrainingSet(FindCases(folder_.path()), SphereModel(), {.validation_cases = 1}, {}); });
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
  RandomStream random({1});
  EXPECT_FALSE(IsForegroundSample(0, 2, 0.33, random));
  EXPECT_TRUE(IsForegroundSample(1, 2, 0.33, random));
  EXPECT_FALSE(IsForegroundSample(3, 6, 0.33, random));
  EXPECT_TRUE(IsForegroundSample(4, 6, 0.33, random));
  EXPECT_EQ(random.Bits(), RandomStream({1}).Bits()) << "nothing is drawn";
}

TEST(IsForegroundSample, IsDrawnForABatchOfOne) {
  const auto count = [](double share) {
    int foreground = 0;
    for (uint64_t step = 0; step < 300; ++step) {
      RandomStream random({7, step});
      foreground += IsForegroundSample(0, 1, share, random) ? 1 : 0;
    }
    return foreground;
  };
  EXPECT_NEAR(count(0.33), 99, 30);
  EXPECT_EQ(count(0), 0);
  EXPECT_EQ(count(1), 300);
}

}  // namespace
}  // namespace tuckerseg
