#include "compression/cases/case_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

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

TEST_F(FindingCases, RefusesLabelsWithoutAnImage) {
  WriteSphereDataset(folder_.path(), 1);
  fs::copy(folder_.path() / "labelsTr" / "case_0.nii.gz", folder_.path() / "labelsTr" / "a_0000.nii.gz");
  for (const CaseChoice& choice : {CaseChoice{}, kIfThere}) {
    ExpectError(ErrorCode::kInvalidArgument, "labelsTr: a_0000: must have an image imagesTr/a_0000_0000.nii.gz", [&] { Names(choice); });
  }
  EXPECT_THAT(Names({.labels = LabelsWanted::kNever}), ElementsAre("case_0 (unlabelled)"));
}

TEST_F(FindingCases, RefusesOneFileUnderBothEndings) {
  WriteSphereDataset(folder_.path(), 1);
  WriteNifti(MakeSphereCase({16, 16, 24}, 3, {1}, 1).labels, folder_.path() / "labelsTr" / "case_0.nii");
  ExpectError(ErrorCode::kInvalidArgument, "labelsTr: case_0: stands twice, as .nii and as .nii.gz: must be one file", [&] { Names({}); });
}

/// CTs without labels, as calibration and distillation take them.
class FindingUnlabelledCases : public testing::Test {
 protected:
  FindingUnlabelledCases() : ct_(MakeSphereCase({16, 16, 24}, 3, {1, 5}, 1).ct) {}
  void Write(const std::string& file) const { WriteNifti(ct_, folder_.path() / file); }
  std::vector<std::string> Names(const std::string& layout) const {
    std::vector<std::string> names;
    for (const CaseFiles& files : FindUnlabelledCases(folder_.path() / layout).cases) {
      EXPECT_FALSE(files.HasLabels());
      names.push_back(files.name);
    }
    return names;
  }

  const TemporaryDirectory folder_;
  const Volume ct_;
};

TEST_F(FindingUnlabelledCases, FindsCtsInEveryLayout) {
  Write("plain/b.nii.gz");
  Write("plain/a.nii");
  Write("folders/s0001/ct.nii.gz");
  Write("folders/s0001/segmentations/liver.nii.gz");
  Write("nnunet/imagesTr/one_0000.nii.gz");
  EXPECT_THAT(Names("plain"), ElementsAre("a", "b"));
  EXPECT_THAT(Names("folders"), ElementsAre("s0001"));
  EXPECT_THAT(Names("nnunet"), ElementsAre("one"));
  WriteSphereDataset(folder_.path() / "labelled", 2);
  EXPECT_THAT(Names("labelled"), ElementsAre("case_0", "case_1"));
  EXPECT_TRUE(FindUnlabelledCases(folder_.path() / "labelled").phantoms);
}

TEST_F(FindingUnlabelledCases, LeavesTestCasesForTestsWhereThereAreOthers) {
  Write("both/imagesTr/one_0000.nii.gz");
  Write("both/imagesTs/two_0000.nii.gz");
  Write("tests/imagesTs/two_0000.nii.gz");
  EXPECT_THAT(Names("both"), ElementsAre("one"));
  EXPECT_THAT(Names("tests"), ElementsAre("two"));
}

TEST_F(FindingUnlabelledCases, RefusesADirectoryWithoutCts) {
  ExpectError(ErrorCode::kNotFound, "--data: no such directory", [&] { Names("none"); });
  ExpectError(ErrorCode::kNotFound, "--data: holds no CT: must hold imagesTr or imagesTs", [&] { Names(""); });
  Write("imagesTr/one_0001.nii.gz");
  ExpectError(ErrorCode::kInvalidArgument, "imagesTr: one_0001: must end in _0000", [&] { Names(""); });
}

/// TotalSegmentator's layout: one case whose masks are given.
class ReadingMasks : public testing::Test {
 protected:
  /// Voxel 0 and `voxel` of 4 x 3 x 2 belong to the structure.
  Volume Mask(size_t voxel, const Index3& shape = {4, 3, 2}) const {
    Volume mask = EmptyVolume(shape, 3, VoxelType::kUint8);
    mask.voxels[0] = mask.voxels[voxel] = std::byte{1};
    return mask;
  }
  void Write(const std::string& name, const Volume& mask) const {
    WriteNifti(EmptyVolume({4, 3, 2}, 3, VoxelType::kInt16), folder_.path() / "s0001" / "ct.nii.gz");
    WriteNifti(mask, folder_.path() / "s0001" / "segmentations" / (name + ".nii.gz"));
  }
  Volume Read() const {
    const CaseFolder found = FindCases(folder_.path());
    return ReadLabels(found.cases.front(), found.classes);
  }

  const TemporaryDirectory folder_;
};

TEST_F(ReadingMasks, GivesTheHigherValueWhereTheyOverlap) {
  Write("spleen", Mask(1));  // value 1 of TotalSegmentator's task `total`
  Write("liver", Mask(2));   // value 5
  const Volume labels = Read();
  std::vector<uint16_t> values(24);
  std::memcpy(values.data(), labels.voxels.data(), labels.voxels.size());
  EXPECT_EQ((std::vector<uint16_t>{values.begin(), values.begin() + 4}), (std::vector<uint16_t>{5, 1, 5, 0}));
}

TEST_F(ReadingMasks, RefusesOneWithAValueThatIsNoNumber) {
  Volume mask = EmptyVolume({4, 3, 2}, 3, VoxelType::kFloat32);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(mask.voxels.data() + 4, &nan, sizeof nan);
  Write("liver", mask);
  ExpectError(ErrorCode::kInvalidArgument, "case s0001: mask liver: holds nan: must be a finite number", [&] { Read(); });
}

TEST_F(ReadingMasks, RefusesOneThatLiesBesideTheFirst) {
  Write("spleen", Mask(1));
  Volume moved = Mask(2);
  moved.geometry.affine_ras.translation[2] = 3;
  Write("liver", moved);
  ExpectError(ErrorCode::kInvalidArgument, "case s0001: labels in mask liver lie 1.0", [&] { Read(); });
  ExpectError(ErrorCode::kInvalidArgument, "voxels from mask spleen: must be at most 0.1", [&] { Read(); });
  Write("liver", Mask(2, {4, 3, 3}));
  ExpectError(ErrorCode::kInvalidArgument, "case s0001: labels in mask liver of 4 x 3 x 3 voxels: must be 4 x 3 x 2, as mask spleen", [&] { Read(); });
}

}  // namespace
}  // namespace tuckerseg
