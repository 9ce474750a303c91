/// `tuckerseg compare` as a user runs it, with a server in this process: what it prints and the files that it leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/program.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// The original, tucker-0.3, and `ones`, which gives every voxel structure_1.
class CompareFiles : public testing::Test {
 protected:
  CompareFiles() { Save("ct.nii.gz", SmallCt().Gzip()); }

  static ServedOptions Serving(const ModelOnDisk& disk) {
    disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11);
    disk.AddDrawing(1, "ones", {{"ones", 0.5, true, 2}}, 12);
    ServedOptions options;
    options.models = disk.models();
    return options;
  }
  void Save(const std::string& name, const std::vector<std::byte>& bytes) const { folder_.Write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}); }
  Outcome Run(const std::string& arguments) const { return RunProgram(TUCKERSEG_CLIENT, arguments + " --server " + server_.address(), folder_.path()); }
  Outcome Compare(const std::string& arguments) const { return Run("compare ct.nii.gz --quiet " + arguments); }
  std::string Text(const std::string& name) const { return FileText(folder_.path() / name); }
  bool Exists(const std::string& name) const { return fs::exists(folder_.path() / name); }

  const ModelOnDisk disk_{TinyServedBundle()};
  const ServedModel server_{Serving(disk_)};
  const TemporaryDirectory folder_;
};

TEST_F(CompareFiles, PrintsATableOfTheLevels) {
  const Outcome outcome = Compare("--levels original,0.3,ones");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, testing::StartsWith("LEVEL       SECONDS  TIME RATIO  EQUAL VOXELS  MEAN DICE  WORST STRUCTURES"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\noriginal +[0-9.]+ +1\\.00 +100\\.00 % +1\\.0000 +- +cpu\n"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\ntucker-0\\.3 +[0-9.]+ +[0-9.]+ "));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("\nones +[0-9.]+ "));
}

TEST_F(CompareFiles, ShowsHowFarItIsUnlessQuiet) {
  const Outcome outcome = Run("compare ct.nii.gz --levels original,0.3");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("accepted: original on cpu"));
  EXPECT_THAT(outcome.err, HasSubstr("accepted: tucker-0.3 on cpu"));
}

TEST_F(CompareFiles, PrintsJson) {
  const Outcome outcome = Compare("--levels original,ones --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(json.at("levels")[0].at("level"), "original");
  EXPECT_EQ(json.at("levels")[0].at("equal_share"), 1);
  EXPECT_EQ(json.at("levels")[1].at("level"), "ones");
  EXPECT_EQ(json.at("levels")[1].at("stages").size(), 4U);
}

TEST_F(CompareFiles, LeavesOneLabelMapALevelAsSegmentMakesIt) {
  const Outcome outcome = Compare("--levels original,0.3 -o maps/both");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  ASSERT_EQ(Run("segment ct.nii.gz -o alone.nii.gz --level 0.3 --quiet").status, 0);
  EXPECT_EQ(Text("maps/both/tucker-0.3.nii.gz"), Text("alone.nii.gz"));
  ASSERT_EQ(Run("segment ct.nii.gz -o alone.nii.gz --level original --quiet").status, 0);
  EXPECT_EQ(Text("maps/both/original.nii.gz"), Text("alone.nii.gz"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path() / "maps" / "both"), fs::directory_iterator()), 2);
}

TEST_F(CompareFiles, HoldsEveryLevelAgainstTheReference) {
  // All voxels but those of the first slice are structure_1: 13 x 9 of 13 x 9 x 11 are not.
  NiftiBuilder reference = SmallCt();
  std::vector<uint8_t> labels(13 * 9 * 11, 1);
  std::fill(labels.begin(), labels.begin() + 13 * 9, uint8_t{0});
  Save("truth.nii.gz", reference.Voxels(labels).Gzip());
  const Outcome outcome = Compare("--levels original,ones --reference truth.nii.gz --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto json = nlohmann::json::parse(outcome.out);
  EXPECT_NEAR(json.at("levels")[1].at("reference").at("mean_dice").get<double>(), 2.0 * 10 / (10 + 11), 1e-12);
  EXPECT_TRUE(json.at("levels")[0].contains("reference"));
  EXPECT_THAT(Compare("--levels original,ones --reference truth.nii.gz").out, HasSubstr("DICE TO REFERENCE"));
}

TEST_F(CompareFiles, IsRefusedAReferenceOfAnotherGridBeforeAnythingIsSegmented) {
  NiftiBuilder smaller;
  smaller.Shape({8, 8, 8}).Spacing({1, 1, 1}).Voxels(std::vector<uint8_t>(8 * 8 * 8, 1));
  Save("smaller.nii.gz", smaller.Gzip());
  ExpectFailure(Compare("--levels original,ones --reference smaller.nii.gz"), 1, "--reference: labels of 8 x 8 x 8 voxels: must be 13 x 9 x 11, as the CT");
  NiftiBuilder moved = SmallCt();
  moved.Voxels(std::vector<uint8_t>(13 * 9 * 11, 1)).Sform({{{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}}, {12.5, -7, 310}});
  Save("moved.nii.gz", moved.Gzip());
  ExpectFailure(Compare("--levels original,ones --reference moved.nii.gz -o maps"), 1, "--reference: labels lie 10.000000 voxels from the CT: must be at most 0.1");
  EXPECT_FALSE(Exists("maps"));
  for (const RequestEntry& request : server_.requests().Newest()) EXPECT_EQ(request.variant, "") << "no level came to its turn";
  ExpectFailure(Compare("--levels original,ones --reference none.nii.gz"), 1, "--reference: cannot be opened");
}

TEST_F(CompareFiles, NeverWritesOverWhatItReads) {
  fs::create_directory(folder_.path() / "maps");
  fs::rename(folder_.path() / "ct.nii.gz", folder_.path() / "maps" / "original.nii.gz");
  fs::create_symlink("maps/original.nii.gz", folder_.path() / "ct.nii.gz");
  const std::string ct = Text("ct.nii.gz");
  ExpectFailure(Compare("--levels original,0.3 -o maps"), 1, "--output: original.nii.gz: is the CT's own file, which would be lost: must be another one");
  EXPECT_EQ(Text("ct.nii.gz"), ct);
  EXPECT_FALSE(Exists("maps/tucker-0.3.nii.gz"));
  NiftiBuilder reference = SmallCt();
  Save("maps/ones.nii.gz", reference.Voxels(std::vector<uint8_t>(13 * 9 * 11, 1)).Gzip());
  ExpectFailure(Compare("--levels ones,0.3 -o maps --reference maps/ones.nii.gz"), 1, "--output: ones.nii.gz: is the reference's own file");
}

TEST_F(CompareFiles, FailsWhereItsReportCannotBeWritten) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const std::string arguments = "compare ct.nii.gz --quiet --levels original,0.3 --json --server " + server_.address();
  ExpectFailure(RunOnAFullDisk(TUCKERSEG_CLIENT, arguments, folder_.path()), 1, "output: cannot be written");
}

TEST_F(CompareFiles, EndsWithOneLineWhereItFailsOrIsUsedWrongly) {
  ExpectFailure(Compare("--levels original,0.9 -o maps"), 1, "level = 0.9: must be one of original");
  ExpectFailure(Compare("--levels original,original"), 1, "header.levels[1] = original: must be another level");
  ExpectFailure(Compare("--levels original,auto"), 1, "header.levels[1] = auto: must be a level's name or number");
  ExpectFailure(Compare("--levels original,0.3 -o ct.nii.gz"), 1, "output: must be a folder");
  ExpectFailure(Compare("--levels original"), 2, "--levels: must be two or more");
  ExpectFailure(Run("compare ct.nii.gz --quiet"), 2, "--levels");
  ExpectFailure(Run("compare --levels original,0.3 --quiet"), 2, "CT");
  ExpectFailure(Compare("--levels original,0.3 --deadline soon"), 2, "duration = soon");
  EXPECT_FALSE(Exists("maps"));
}

}  // namespace
}  // namespace tuckerseg
