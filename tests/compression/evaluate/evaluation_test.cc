#include "compression/evaluate/evaluation.h"

#include <gtest/gtest.h>

#include "engine/execute/plain/plain_executor.h"
#include "tests/compression/evaluate/density_model.h"
#include "tests/compression/sphere_cases.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class Evaluating : public testing::Test {
 protected:
  Evaluation Evaluated(Bundle bundle = DensityBundle()) const {
    Segmenter segmenter(std::move(bundle), PlainExecutorFactory());
    return Evaluate(segmenter, FindCases(folder_.path()), {});
  }

  const TemporaryDirectory folder_;
};

TEST_F(Evaluating, ComparesByNameOverAllCases) {
  WriteSphereDataset(folder_.path(), 3);
  const Evaluation found = Evaluated();
  ASSERT_EQ(found.cases.size(), 3U);
  EXPECT_EQ(found.cases[1].name, "case_1");
  EXPECT_NEAR(found.cases[1].voxel_mm3, 27, 1e-4);
  ASSERT_EQ(found.structures.size(), 2U);
  for (const StructureScore& score : found.structures) {
    EXPECT_EQ(score.cases, 3) << score.name;
    EXPECT_GT(score.dice, 0.98) << score.name << ": the densities lie four deviations apart";
  }
  EXPECT_DOUBLE_EQ(found.mean_dice, (found.structures[0].dice + found.structures[1].dice) / 2);
  const Overlap liver = found.cases[0].overlaps.at("liver");
  EXPECT_GT(liver.reference, 200) << "a sphere of 4 voxels' radius";
}

TEST_F(Evaluating, SeesWhatIsMissed) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle swapped = DensityBundle();
  std::swap(swapped.model.labels[0].name, swapped.model.labels[1].name);
  EXPECT_LT(Evaluated(std::move(swapped)).mean_dice, 0.02);
}

TEST_F(Evaluating, TakesNoNoticeOfStructuresThatTheDataDoNotName) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle other = DensityBundle();
  other.model.labels[0].name = "tumour";
  const Evaluation found = Evaluated(std::move(other));
  ASSERT_EQ(found.structures.size(), 1U);
  EXPECT_EQ(found.structures[0].name, "liver");
  EXPECT_FALSE(found.cases[0].overlaps.contains("tumour"));
}

TEST_F(Evaluating, RefusesDataWithoutAnyOfTheModelsStructures) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle other = DensityBundle();
  other.model.labels[0].name = "tumour";
  other.model.labels[1].name = "cyst";
  ExpectError(ErrorCode::kInvalidArgument, "--data: names no structure of the model tiny", [&] { Evaluated(std::move(other)); });
}

TEST_F(Evaluating, RefusesATaskThatNeedsAnotherModel) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle cropped = DensityBundle();
  cropped.model.pipeline.crop = CropRule{.task = "total_fast", .robust_task = {}, .structures = {"heart"}, .margin_mm = 20};
  ExpectError(ErrorCode::kFailedPrecondition, "bundle: task tiny needs another model's result", [&] { Evaluated(std::move(cropped)); });
}

TEST_F(Evaluating, RefusesLabelsThatAreNoneOfTheDatas) {
  WriteSphereDataset(folder_.path(), 1);
  SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 0);
  const auto refuse = [&](double slope, const char* message) {
    made.labels.slope = slope;
    WriteNifti(made.labels, folder_.path() / "labelsTr" / "case_0.nii.gz");
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { Evaluated(); });
  };
  refuse(0.5, "case case_0: label 0.5");
  refuse(-1, "case case_0: label -");
  refuse(2, "case case_0: label 2: must be a value of dataset.labels");
  refuse(1e9, "must be a whole number in [0, 65535]");
}

TEST_F(Evaluating, RefusesCasesThatHoldNothingOfTheModel) {
  WriteSphereDataset(folder_.path(), 1);
  Bundle heart = DensityBundle();
  heart.model.labels[0].name = "heart";  // named by the data, in no case
  heart.model.labels[1].name = "tumour";
  ExpectError(ErrorCode::kInvalidArgument, "--data: no case holds a structure of the model", [&] { Evaluated(std::move(heart)); });
}

TEST_F(Evaluating, RefusesLabelsOfAnotherShape) {
  WriteSphereDataset(folder_.path(), 1);
  WriteNifti(MakeSphereCase({16, 16, 23}, 3, {1, 5}, 0).labels, folder_.path() / "labelsTr" / "case_0.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: labels of 16 x 16 x 23 voxels: must be 16 x 16 x 24", [&] { Evaluated(); });
}

TEST_F(Evaluating, RefusesLabelsThatLieBesideTheirImage) {
  WriteSphereDataset(folder_.path(), 1);
  SphereCase moved = MakeSphereCase({16, 16, 24}, 3, {1, 5}, 0);
  moved.labels.geometry.affine_ras.translation[1] = 3;
  WriteNifti(moved.labels, folder_.path() / "labelsTr" / "case_0.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: labels lie 1.0", [&] { Evaluated(); });
}

TEST(ScoreStructures, LeavesOutCasesWithoutTheStructureAndCountsWhereItWasFoundAllTheSame) {
  std::vector<CaseEvaluation> cases(3);
  cases[0].overlaps["liver"] = {.both = 1, .predicted = 1, .reference = 1};
  cases[1].overlaps["liver"] = {.both = 0, .predicted = 7, .reference = 0};
  cases[2].overlaps["liver"] = {.both = 1, .predicted = 2, .reference = 2};
  const std::vector<StructureScore> scores = ScoreStructures({"liver", "spleen"}, cases);
  EXPECT_EQ(scores[0].cases, 2);
  EXPECT_DOUBLE_EQ(scores[0].dice, 0.75);
  EXPECT_EQ(scores[0].found_absent, 1);
  EXPECT_EQ(scores[1].cases, 0);
}

}  // namespace
}  // namespace tuckerseg
