/// `tuckerseg-phantom` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/integration/program.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class PhantomCommand : public testing::Test {
 protected:
  Outcome Run(const std::string& arguments) const {
    return RunProgram(TUCKERSEG_PHANTOM, arguments, folder_.path());
  }
  NiftiVolume Read(const std::string& name) const {
    const std::string bytes = FileText(folder_.path() / name);
    return ReadNifti(std::as_bytes(std::span(bytes)));
  }
  /// The folder's files besides those that Run leaves.
  size_t FilesLeft() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      count += entry.path().filename() != "out" && entry.path().filename() != "err";
    return count;
  }

  const TemporaryDirectory folder_;
};

TEST_F(PhantomCommand, WritesACtAndItsLabelsOnOneGrid) {
  const Outcome outcome = Run("-o ct.nii.gz --labels gt.nii.gz --seed 4 --spacing 12");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("seed 4: "));
  const NiftiVolume ct = Read("ct.nii.gz"), labels = Read("gt.nii.gz");
  EXPECT_EQ(ct.volume.type, VoxelType::kInt16);
  EXPECT_EQ(labels.volume.type, VoxelType::kUint8);
  EXPECT_EQ(labels.volume.geometry.affine_ras, ct.volume.geometry.affine_ras);
  EXPECT_EQ(labels.volume.geometry.shape, ct.volume.geometry.shape);
  const std::string table(reinterpret_cast<const char*>(labels.header.extensions.data()),
                          labels.header.extensions.size());
  EXPECT_THAT(table, HasSubstr("costal_cartilages"));
  EXPECT_EQ(FilesLeft(), 2);
}

TEST_F(PhantomCommand, WritesTheSameBytesEveryTime) {
  Run("-o one.nii.gz --labels one_gt.nii.gz --seed 4 --spacing 12 --threads 1");
  Run("-o two.nii.gz --labels two_gt.nii.gz --seed 4 --spacing 12 --threads 3");
  EXPECT_EQ(FileText(folder_.path() / "one.nii.gz"), FileText(folder_.path() / "two.nii.gz"));
  EXPECT_EQ(FileText(folder_.path() / "one_gt.nii.gz"), FileText(folder_.path() / "two_gt.nii.gz"));
}

TEST_F(PhantomCommand, TakesGridAndPhaseFromItsOptions) {
  const Outcome outcome =
      Run("-o ct.nii --spacing 8,9,10 --shape 20,21,22 --orientation LPS --oblique 10 --phase arterial "
          "--structures 3 --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("phase"), "arterial");
  EXPECT_EQ(json.at("shape"), nlohmann::json({20, 21, 22}));
  EXPECT_LE(json.at("structures").size(), 3);
  EXPECT_EQ(json.at("structures").at(0).at("name"), "liver");
  EXPECT_NEAR(json.at("structures").at(0).at("mm3").get<double>(),
              json.at("structures").at(0).at("voxels").get<double>() * 720, 1e-3);
  const Geometry geometry = Read("ct.nii").volume.geometry;
  EXPECT_EQ(geometry.shape, (Index3{20, 21, 22}));
  const Spacing3 spacing = geometry.AffineSpacingMm();
  for (size_t axis = 0; axis < 3; ++axis) EXPECT_NEAR(spacing[axis], 8 + static_cast<double>(axis), 1e-5);
  EXPECT_LT(geometry.affine_ras.linear[0][0], 0);
  EXPECT_NE(geometry.affine_ras.linear[0][1], 0);
}

TEST_F(PhantomCommand, WritesADataSetInNnunetsLayout) {
  const Outcome outcome = Run("--data-set set --count 2 --seed 7 --spacing 15 --quiet");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  for (const char* name : {"imagesTr/phantom_7_0000.nii.gz", "imagesTr/phantom_8_0000.nii.gz",
                           "labelsTr/phantom_7.nii.gz", "labelsTr/phantom_8.nii.gz"})
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / "set" / name)) << name;
  const auto json = nlohmann::json::parse(FileText(folder_.path() / "set" / "dataset.json"));
  EXPECT_EQ(json.at("numTraining"), 2);
  EXPECT_EQ(json.at("file_ending"), ".nii.gz");
  EXPECT_EQ(json.at("channel_names"), (nlohmann::json{{"0", "CT"}}));
  EXPECT_EQ(json.at("labels").size(), 118);
  EXPECT_EQ(json.at("labels").at("background"), 0);
  EXPECT_EQ(json.at("labels").at("costal_cartilages"), 117);
  EXPECT_EQ(json.at("phantoms"), true);
  EXPECT_EQ(json.at("description"), "2 phantoms of tuckerseg-phantom " TUCKERSEG_VERSION ", seeds 7 to 8");
  ExpectFailure(Run("--data-set set --count 1 --spacing 15"), 1,
                "data-set: holds a dataset.json: must be a new folder");
}

TEST_F(PhantomCommand, FailsWithOneLineAndLeavesNothing) {
  ExpectFailure(Run("-o ct.nii.gz --spacing 0"), 1, "spacing[0] = 0 mm: must be in (0, 20]");
  ExpectFailure(Run("-o ct.nii.gz --orientation RAA"), 1, "orientation: must be three letters");
  ExpectFailure(Run("-o ct.png --spacing 20"), 1, "output: its name must end in .nii or .nii.gz");
  ExpectFailure(Run("-o absent/ct.nii --spacing 20"), 1, "output: cannot be written");
  EXPECT_EQ(FilesLeft(), 0);
}

TEST_F(PhantomCommand, FailsWhereWhatItPrintsCannotBeWritten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  for (const char* arguments : {"-o ct.nii.gz --spacing 20", "-o ct.nii.gz --spacing 20 --json", "--help"})
    ExpectFailure(RunOnAFullDisk(TUCKERSEG_PHANTOM, arguments, folder_.path()), 1, "output: cannot be written: standard output must take all");
}

TEST_F(PhantomCommand, CallsWrongUsageByItsName) {
  ExpectFailure(Run(""), 2, "--output or --data-set");
  ExpectFailure(Run("-o ct.nii --data-set set --count 2"), 2, "not both");
  ExpectFailure(Run("--data-set set"), 2, "--count");
  ExpectFailure(Run("-o ct.nii --spacing 3,3"), 2, "--spacing");
  ExpectFailure(Run("-o ct.nii --phase late"), 2, "--phase");
  ExpectFailure(Run("-o ct.nii --wrong"), 2, "--wrong");
  EXPECT_THAT(Run("--help").out, HasSubstr("--data-set"));
  EXPECT_EQ(Run("--version").status, 0);
}

}  // namespace
}  // namespace tuckerseg
