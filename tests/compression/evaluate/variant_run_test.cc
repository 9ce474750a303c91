#include "compression/evaluate/variant_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "engine/model/variant.h"
#include "tests/compression/evaluate/density_variants.h"
#include "tests/compression/sphere_cases.h"
#include "tests/compression/sphere_digests.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::Lt;
using testing::Optional;

class RunningVariants : public testing::Test {
 protected:
  std::vector<VariantScores> Scored(const std::vector<ModelForm>& forms, LabelsWanted wanted = LabelsWanted::kIfThere, const DrawnCaseSink& told = {}) const {
    return RunVariants(forms, FindCases(folder_.path(), {.split = CaseSplit::kTrain, .labels = wanted}), PlainExecutorFactory(), {}, told);
  }
  static std::vector<ModelForm> Original(Bundle bundle = DensityBundle()) {
    ModelForm form{.name = "original", .method = "original", .level = {}, .weights_sha256 = {}, .directory = {}, .siblings = {"original"}, .bundle = std::move(bundle)};
    std::vector<ModelForm> forms;
    forms.push_back(std::move(form));
    return forms;
  }
  static std::vector<ModelForm> WithVariant(float liver_slope) {
    std::vector<ModelForm> forms = Original();
    const Model& model = forms.front().bundle.model;
    ModelForm form{.name = "tucker", .method = "hosvd", .level = 0.5, .weights_sha256 = {}, .directory = {}, .siblings = {"tucker"},
                   .bundle = BundleOf(model, DensityVariant(model, {{"tucker", 0.5, 3}}, liver_slope), 0)};
    forms.push_back(std::move(form));
    return forms;
  }
  static double Dice(const VariantScores& scores, const std::string& structure, ComparedTo to) { return DiceByCase(scores, structure, to).front().value(); }

  const TemporaryDirectory folder_;
};

TEST_F(RunningVariants, ComparesByNameOverAllCases) {
  WriteSphereDataset(folder_.path(), 3);
  const std::vector<VariantScores> scores = Scored(Original());
  ASSERT_EQ(scores.size(), 1U);
  ASSERT_EQ(scores[0].cases.size(), 3U);
  const ScoredCase& second = scores[0].cases[1];
  EXPECT_EQ(second.name, "case_1");
  EXPECT_NEAR(second.voxel_mm3, 27, 1e-4);
  EXPECT_GT(second.seconds, 0);
  EXPECT_FALSE(second.equal_to_original) << "the original is not compared with itself";
  ASSERT_EQ(second.structures.size(), 2U);
  for (const ScoredStructure& structure : second.structures) {
    EXPECT_GT(structure.to_reference.value().overlap.Dice(), 0.98) << structure.name << ": the densities lie four deviations apart";
  }
  EXPECT_GT(FindComparison(second, "liver", ComparedTo::kReference)->overlap.reference, 200) << "a sphere of 4 voxels' radius";
}

TEST_F(RunningVariants, HoldsEachAgainstTheReferenceAndTheOriginal) {
  WriteSphereDataset(folder_.path(), 2);
  const std::vector<VariantScores> whole = Scored(WithVariant(2));
  ASSERT_EQ(whole.size(), 2U);
  EXPECT_EQ(whole[1].name, "tucker");
  EXPECT_EQ(whole[1].cases[1].equal_to_original, 1);
  EXPECT_EQ(Dice(whole[1], "liver", ComparedTo::kOriginal), 1);
  EXPECT_EQ(Dice(whole[1], "liver", ComparedTo::kReference), Dice(whole[0], "liver", ComparedTo::kReference));
  const std::vector<VariantScores> damaged = Scored(WithVariant(1.8F));
  EXPECT_THAT(damaged[1].cases[0].equal_to_original, Optional(Lt(1.0)));
  EXPECT_LT(Dice(damaged[1], "liver", ComparedTo::kOriginal), 0.95);
  EXPECT_GT(Dice(damaged[1], "liver", ComparedTo::kOriginal), 0.4);
}

TEST_F(RunningVariants, ScoresUnlabelledCasesAgainstTheOriginalAlone) {
  WriteSphereDataset(folder_.path(), 2);
  std::filesystem::remove(folder_.path() / "labelsTr" / "case_0.nii.gz");
  const std::vector<VariantScores> scores = Scored(WithVariant(2));
  EXPECT_FALSE(scores[1].cases[0].labelled);
  EXPECT_TRUE(scores[1].cases[1].labelled);
  EXPECT_EQ(scores[1].cases[0].equal_to_original, 1);
  std::filesystem::remove_all(folder_.path() / "labelsTr");
  EXPECT_EQ(Scored(WithVariant(2))[1].cases[1].equal_to_original, 1) << "without any labels, too";
  ExpectError(ErrorCode::kInvalidArgument, "--data: no case holds a structure of the model", [&] { Scored(Original()); });
}

/// TotalSegmentator's layout: the labels of a sphere case as masks, and one that the model does not know over all of them.
void WriteMasks(const std::filesystem::path& directory, uint64_t seed) {
  const SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, seed);
  WriteNifti(made.ct, directory / "ct.nii.gz");
  for (const auto& [name, value] : std::map<std::string, uint8_t>{{"spleen", 1}, {"liver", 5}, {"trunk", 0}}) {
    Volume mask = made.labels;
    for (std::byte& voxel : mask.voxels) voxel = value == 0 || voxel == std::byte{value} ? std::byte{1} : std::byte{0};
    WriteNifti(mask, directory / "segmentations" / (name + ".nii.gz"));
  }
}

TEST_F(RunningVariants, LetsNoMaskThatTheModelDoesNotKnowHideOneThatItKnows) {
  WriteMasks(folder_.path() / "s0001", 1);
  const std::vector<VariantScores> scores = Scored(Original());
  for (const char* structure : {"spleen", "liver"}) EXPECT_GT(Dice(scores[0], structure, ComparedTo::kReference), 0.98) << structure;
}

TEST_F(RunningVariants, RefusesACaseThatLacksAMaskWhichOthersHave) {
  WriteMasks(folder_.path() / "s0001", 1);
  WriteMasks(folder_.path() / "s0002", 2);
  std::filesystem::remove(folder_.path() / "s0002" / "segmentations" / "liver.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "case s0002: has no mask liver, which other cases have", [&] { Scored(Original()); });
}

TEST_F(RunningVariants, ShowsEachLabelMapWhileItIsThere) {
  WriteSphereDataset(folder_.path(), 2);
  std::vector<std::string> shown;
  Scored(WithVariant(2), LabelsWanted::kAlways, [&](const DrawnCase& drawn) {
    EXPECT_EQ(drawn.total, 4U);
    EXPECT_EQ(drawn.cases, 2U);
    EXPECT_EQ(drawn.maps.predicted.size(), static_cast<size_t>(drawn.ct.geometry.VoxelCount()));
    EXPECT_EQ(drawn.maps.original.has_value(), drawn.variant.name == "tucker");
    shown.push_back(std::to_string(drawn.done) + " " + drawn.variant.cases.back().name + " " + drawn.variant.name);
  });
  EXPECT_THAT(shown, ElementsAre("1 case_0 original", "2 case_0 tucker", "3 case_1 original", "4 case_1 tucker"));
}

TEST_F(RunningVariants, MeasuresSurfaceDiceWithTheToleranceAskedFor) {
  WriteSphereDataset(folder_.path(), 1);
  const auto surface_dice = [&](double tolerance_mm) {
    const std::vector<VariantScores> scores =
        RunVariants(WithVariant(1.8F), FindCases(folder_.path()), PlainExecutorFactory(), {.threads = 1, .tolerance_mm = tolerance_mm});
    EXPECT_EQ(scores[1].surface_tolerance_mm, tolerance_mm);
    return FindComparison(scores[1].cases[0], "liver", ComparedTo::kReference)->surface.surface_dice;
  };
  EXPECT_LT(surface_dice(0), surface_dice(3));
}

TEST_F(RunningVariants, SeesWhatIsMissed) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle swapped = DensityBundle();
  std::swap(swapped.model.labels[0].name, swapped.model.labels[1].name);
  const std::vector<VariantScores> scores = Scored(Original(std::move(swapped)));
  EXPECT_THAT(MeanDice(scores[0].cases[0], ComparedTo::kReference), Optional(Lt(0.02)));
}

TEST_F(RunningVariants, TakesNoNoticeOfStructuresThatTheDataDoNotName) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle other = DensityBundle();
  other.model.labels[0].name = "tumour";
  const std::vector<VariantScores> scores = Scored(Original(std::move(other)));
  ASSERT_EQ(scores[0].cases[0].structures.size(), 1U);
  EXPECT_EQ(scores[0].cases[0].structures[0].name, "liver");
}

TEST_F(RunningVariants, RefusesDataWithoutAnyOfTheModelsStructures) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle other = DensityBundle();
  other.model.labels[0].name = "tumour";
  other.model.labels[1].name = "cyst";
  ExpectError(ErrorCode::kInvalidArgument, "--data: names no structure of the model tiny", [&] { Scored(Original(std::move(other))); });
}

TEST_F(RunningVariants, RefusesATaskThatNeedsAnotherModel) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle cropped = DensityBundle();
  cropped.model.pipeline.crop = CropRule{.task = "total_fast", .robust_task = {}, .structures = {"heart"}, .margin_mm = 20};
  ExpectError(ErrorCode::kFailedPrecondition, "bundle: task tiny needs another model's result", [&] { Scored(Original(std::move(cropped))); });
}

TEST_F(RunningVariants, RefusesLabelsThatAreNoneOfTheDatas) {
  WriteSphereDataset(folder_.path(), 1);
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 0);
  const auto refuse = [&](double slope, const char* message) {
    made.labels.slope = slope;
    WriteNifti(made.labels, folder_.path() / "labelsTr" / "case_0.nii.gz");
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { Scored(Original()); });
  };
  refuse(0.5, "case case_0: label 0.5");
  refuse(-1, "case case_0: label -");
  refuse(2, "case case_0: label 2: must be a value of dataset.labels");
  refuse(1e9, "must be a whole number in [0, 65535]");
}

TEST_F(RunningVariants, RefusesCasesThatHoldNothingOfTheModel) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle heart = DensityBundle();
  heart.model.labels[0].name = "heart";  // named by the data, in no case
  heart.model.labels[1].name = "tumour";
  ExpectError(ErrorCode::kInvalidArgument, "--data: no case holds a structure of the model", [&] { Scored(Original(std::move(heart))); });
}

TEST_F(RunningVariants, RefusesLabelsOfAnotherShape) {
  WriteSphereDataset(folder_.path(), 1);
  WriteNifti(MakeSphereCase({16, 16, 23}, 3, {1, 5}, 0).labels, folder_.path() / "labelsTr" / "case_0.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: labels of 16 x 16 x 23 voxels: must be 16 x 16 x 24", [&] { Scored(Original()); });
}

TEST_F(RunningVariants, RefusesABadLastCaseBeforeItSegmentsTheFirst) {
  WriteSphereDataset(folder_.path(), 2);
  const auto refuse = [&](const std::string& file, const std::string& message) {
    folder_.Write(file, std::string(400, 'x'));  // longer than a header
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { Scored(WithVariant(2), LabelsWanted::kIfThere, [](const DrawnCase&) { ADD_FAILURE() << "segmented"; }); });
  };
  refuse("labelsTr/case_1.nii.gz", "case case_1: labels: ");
  std::filesystem::remove(folder_.path() / "labelsTr" / "case_1.nii.gz");
  refuse("imagesTr/case_1_0000.nii.gz", "case case_1: image: ");
}

TEST_F(RunningVariants, RefusesACtOfVoxelsThatAreNoNumbersBeforeItSegmentsTheFirstAndNamesTheCase) {
  WriteSphereDataset(folder_.path(), 2);
  Volume ct = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 1).ct;
  ct.type = VoxelType::kFloat32;
  const std::vector<float> values(static_cast<size_t>(ct.geometry.VoxelCount()), std::numeric_limits<float>::quiet_NaN());
  const auto bytes = std::as_bytes(std::span(values));
  ct.voxels.assign(bytes.begin(), bytes.end());
  WriteNifti(ct, folder_.path() / "imagesTr" / "case_1_0000.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "case case_1: voxels: 6144 are NaN or infinite",
              [&] { Scored(WithVariant(2), LabelsWanted::kIfThere, [](const DrawnCase&) { ADD_FAILURE() << "segmented"; }); });
}

TEST_F(RunningVariants, NamesTheCaseAndTheVariantThatCannotBeSegmented) {
  WriteSphereDataset(folder_.path(), 2);
  std::vector<ModelForm> forms = WithVariant(2);
  for (const auto& [name, tensor] : forms[1].bundle.weights.front().tensors()) {
    if (!name.ends_with(".bias")) continue;
    const std::vector<float> infinite(static_cast<size_t>(tensor.shape.front()), std::numeric_limits<float>::infinity());
    forms[1].bundle.weights.front().AddFloats(name, TensorType::kFloat32, tensor.shape, infinite);
    break;
  }
  ExpectError(ErrorCode::kInternal, "case case_0, tucker: ", [&] { Scored(forms); });
}

TEST_F(RunningVariants, RefusesCasesThatAVariantHasSeenBeforeItSegmentsTheFirst) {
  WriteSphereDataset(folder_.path(), 3);
  std::vector<ModelForm> forms = WithVariant(2);
  forms[1].seen_cases = SphereDigests(2);
  const auto refused = [&] { Scored(forms, LabelsWanted::kIfThere, [](const DrawnCase&) { ADD_FAILURE() << "segmented"; }); };
  ExpectError(ErrorCode::kInvalidArgument,
              "variant tucker: 2 of 3 cases were seen when it was made: must be measured on others, or with --allow-seen-cases, which leaves its quality out of the card",
              refused);
  EXPECT_THAT(refused, testing::Throws<Error>(testing::Property(&Error::what, testing::Not(testing::HasSubstr("case_")))));
}

TEST_F(RunningVariants, KnowsSeenCasesByTheirVoxelsAndNotByTheirNames) {
  WriteSphereDataset(folder_.path(), 3);
  std::vector<ModelForm> forms = WithVariant(2);
  forms[1].seen_cases = SphereDigests(1);
  std::filesystem::remove(folder_.path() / "imagesTr" / "case_0_0000.nii.gz");
  std::filesystem::remove(folder_.path() / "labelsTr" / "case_0.nii.gz");
  EXPECT_EQ(Scored(forms)[1].seen_cases, 0);
  WriteNifti(MakeSphereCase({16, 16, 24}, 3, {1, 5}, 0).ct, folder_.path() / "imagesTr" / "another_0000.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "variant tucker: 1 of 3 cases were seen when it was made", [&] { Scored(forms); });
}

TEST_F(RunningVariants, CountsSeenCasesByVariantWhereTheyAreAllowed) {
  WriteSphereDataset(folder_.path(), 3);
  std::vector<ModelForm> forms = WithVariant(2);
  forms.push_back(forms[1]);
  forms[2].name = "tuned";
  forms[2].seen_cases = SphereDigests(2);
  const std::vector<VariantScores> scores = RunVariants(forms, FindCases(folder_.path()), PlainExecutorFactory(), {.allow_seen_cases = true});
  EXPECT_EQ(scores[0].seen_cases, 0) << "what the original was trained on is not known";
  EXPECT_EQ(scores[1].seen_cases, 0);
  EXPECT_EQ(scores[2].seen_cases, 2);
  EXPECT_EQ(scores[2].cases.size(), 3U);
}

TEST_F(RunningVariants, RefusesLabelsThatLieBesideTheirImage) {
  WriteSphereDataset(folder_.path(), 1);
  SphereCase moved = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 0);
  moved.labels.geometry.affine_ras.translation[1] = 3;
  WriteNifti(moved.labels, folder_.path() / "labelsTr" / "case_0.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: labels lie 1.0", [&] { Scored(Original()); });
}

}  // namespace
}  // namespace tuckerseg
