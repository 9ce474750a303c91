#include "compression/cases/case_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/sphere_cases.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

namespace fs = std::filesystem;

constexpr CaseChoice kIfThere{.split = CaseSplit::kTrain, .labels = LabelsWanted::kIfThere};

class FindingCases : public testing::Test {
 protected:
  std::vector<std::string> Names(const CaseChoice& choice) const {
    std::vector<std::string> names;
    for (const CaseFiles& files : FindCases(folder_.path(), choice).cases) names.push_back(files.name + (files.HasLabels() ? "" : " (unlabelled)"));
    return names;
  }
  void MoveToTest(const std::string& name) const {
    fs::create_directories(folder_.path() / "imagesTs");
    fs::create_directories(folder_.path() / "labelsTs");
    fs::rename(folder_.path() / "imagesTr" / (name + "_0000.nii.gz"), folder_.path() / "imagesTs" / (name + "_0000.nii.gz"));
    fs::rename(folder_.path() / "labelsTr" / (name + ".nii.gz"), folder_.path() / "labelsTs" / (name + ".nii.gz"));
  }

  const TemporaryDirectory folder_;
};

TEST_F(FindingCases, TellsTestCasesFromTrainingCases) {
  WriteSphereDataset(folder_.path(), 3);
  MoveToTest("case_1");
  EXPECT_THAT(Names({}), ElementsAre("case_0", "case_2"));
  EXPECT_THAT(Names({.split = CaseSplit::kTest}), ElementsAre("case_1"));
  EXPECT_THAT(Names({.split = CaseSplit::kAll}), ElementsAre("case_0", "case_1", "case_2"));
}

TEST_F(FindingCases, RefusesANameThatIsBothTrainingAndTest) {
  WriteSphereDataset(folder_.path(), 1);
  fs::copy(folder_.path() / "imagesTr", folder_.path() / "imagesTs");
  fs::copy(folder_.path() / "labelsTr", folder_.path() / "labelsTs");
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: stands twice", [&] { Names({.split = CaseSplit::kAll}); });
}

TEST_F(FindingCases, TakesLabelsWhereTheyAreIfTheyAreNotAlwaysWanted) {
  WriteSphereDataset(folder_.path(), 2);
  fs::remove(folder_.path() / "labelsTr" / "case_0.nii.gz");
  EXPECT_THAT(Names(kIfThere), ElementsAre("case_0 (unlabelled)", "case_1"));
  ExpectError(ErrorCode::kInvalidArgument, "case case_0: must have labels in labelsTr", [&] { Names({}); });
}

TEST_F(FindingCases, NeedsNoDatasetJsonWithoutLabels) {
  WriteSphereDataset(folder_.path(), 1);
  fs::remove(folder_.path() / "dataset.json");
  ExpectError(ErrorCode::kInvalidArgument, "--data: has labels without dataset.json", [&] { Names(kIfThere); });
  fs::remove_all(folder_.path() / "labelsTr");
  EXPECT_THAT(Names(kIfThere), ElementsAre("case_0 (unlabelled)"));
  folder_.Write("dataset.json", R"({"description": "bare"})");
  EXPECT_EQ(FindCases(folder_.path(), kIfThere).description, "bare");
  EXPECT_THAT(FindCases(folder_.path(), kIfThere).classes, IsEmpty());
}

TEST_F(FindingCases, ReadsFoldersWithoutMasksAndPlainFiles) {
  const SphereCase made = MakeSphereCase({16, 16, 24}, 3, {1}, 1);
  WriteNifti(made.ct, folder_.path() / "b.nii.gz");
  WriteNifti(made.ct, folder_.path() / "a.nii.gz");
  EXPECT_THAT(Names(kIfThere), ElementsAre("a (unlabelled)", "b (unlabelled)"));
  ExpectError(ErrorCode::kNotFound, "--data: holds no case", [&] { Names({}); });
  WriteNifti(made.ct, folder_.path() / "s0001" / "ct.nii.gz");
  EXPECT_THAT(Names(kIfThere), ElementsAre("s0001 (unlabelled)")) << "files beside folders of cases are none";
  ExpectError(ErrorCode::kInvalidArgument, "case s0001: must have masks in segmentations", [&] { Names({}); });
  ExpectError(ErrorCode::kInvalidArgument, "--split = test: must be train or all here", [&] { Names({.split = CaseSplit::kTest}); });
}

}  // namespace
}  // namespace tuckerseg
