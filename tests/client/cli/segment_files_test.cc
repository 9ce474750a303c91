/// The files that `tuckerseg segment` leaves, with a server in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/nifti_builder.h"
#include "tests/integration/program.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

class SegmentFiles : public testing::Test {
 protected:
  SegmentFiles() {
    const std::vector<std::byte> ct = SmallCt().Gzip();
    folder_.Write("ct.nii.gz", {reinterpret_cast<const char*>(ct.data()), ct.size()});
  }
  Outcome Segment(const std::string& arguments) {
    return RunProgram(TUCKERSEG_CLIENT, "segment ct.nii.gz --quiet --server " + server_.address() + " " + arguments, folder_.path());
  }
  std::string Text(const std::string& name) const { return FileText(folder_.path() / name); }
  bool Exists(const std::string& name) const { return fs::exists(folder_.path() / name); }
  /// Voxels of a file of unsigned bytes.
  VoxelBytes Voxels(const std::string& name) const {
    const std::string file = Text(name);
    return ReadNifti(std::as_bytes(std::span(file))).volume.voxels;
  }

  ServedModel server_;
  const TemporaryDirectory folder_;
};

TEST_F(SegmentFiles, AreAllThoseAskedFor) {
  const Outcome outcome = Segment("-o labels.nii.gz --statistics s.json --preview p.png --split-dir masks");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::HasSubstr("MEAN HU"));
  EXPECT_EQ(Text("p.png").substr(1, 3), "PNG");
  const auto json = nlohmann::ordered_json::parse(Text("s.json"));
  std::vector<std::string> names;
  for (const auto& [name, structure] : json.items()) {
    names.push_back(name);
    for (const char* key : {"volume", "intensity", "voxels", "touches_border"}) EXPECT_TRUE(structure.contains(key)) << key;
  }
  EXPECT_THAT(names, testing::ElementsAre("structure_1", "structure_2", "structure_3"));
  const VoxelBytes labels = Voxels("labels.nii.gz");
  for (int label = 1; label <= 3; ++label) {
    const VoxelBytes mask = Voxels("masks/structure_" + std::to_string(label) + ".nii.gz");
    ASSERT_EQ(mask.size(), labels.size());
    for (size_t i = 0; i < mask.size(); ++i) ASSERT_EQ(mask[i] == std::byte{1}, labels[i] == static_cast<std::byte>(label));
  }
}

TEST_F(SegmentFiles, AreNeverTheCtsOwn) {
  const std::string ct = Text("ct.nii.gz");
  ExpectFailure(Segment("-o ct.nii.gz"), 1, "--output: is the CT's own file, which would be lost: must be another one");
  ExpectFailure(Segment("-o ./../" + folder_.path().filename().string() + "/ct.nii.gz"), 1, "--output: is the CT's own file");
  ExpectFailure(Segment("-o labels.nii --statistics ct.nii.gz"), 1, "--statistics: is the CT's own file");
  EXPECT_EQ(Text("ct.nii.gz"), ct);

  std::filesystem::rename(folder_.path() / "ct.nii.gz", folder_.path() / "structure_2.nii.gz");
  std::filesystem::create_symlink("structure_2.nii.gz", folder_.path() / "ct.nii.gz");
  ExpectFailure(Segment("--split-dir . -o labels.nii"), 1, "--split-dir: structure_2.nii.gz: is the CT's own file");
  EXPECT_EQ(Text("structure_2.nii.gz"), ct);
  EXPECT_FALSE(Exists("labels.nii")) << "nothing is written";
}

TEST_F(SegmentFiles, TakesStructuresWithBlanksBetweenThem) {
  const Outcome outcome = Segment("--split-dir masks --structures \"structure_2, structure_1\"");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(Exists("masks/structure_1.nii.gz"));
}

TEST_F(SegmentFiles, MayBeMasksAlone) {
  const Outcome outcome = Segment("--split-dir masks --structures structure_2");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(Exists("masks/structure_2.nii.gz"));
  EXPECT_FALSE(Exists("masks/structure_1.nii.gz"));
}

TEST_F(SegmentFiles, HoldNoVolumeOfIncompleteStructuresIfAskedNotTo) {
  ASSERT_EQ(Segment("-o labels.nii --statistics s.json --statistics-exclude-incomplete").status, 0);
  for (const auto& structure : nlohmann::json::parse(Text("s.json"))) {
    if (structure.at("touches_border").get<bool>()) {
      EXPECT_EQ(structure.at("volume"), 0);
    }
  }
}

TEST_F(SegmentFiles, AreNotThereIfTheCallFails) {
  const std::string all = "-o labels.nii.gz --statistics s.json --preview p.png --split-dir masks ";
  ExpectFailure(Segment(all + "--structures nose"), 1, "nose");
  for (const char* name : {"labels.nii.gz", "s.json", "p.png", "masks"}) EXPECT_FALSE(Exists(name)) << name;
}

TEST_F(SegmentFiles, AreRefusedBeforeTheWorkWhereTheyCannotBeWritten) {
  ExpectFailure(Segment("-o labels.nii --statistics no/s.json"), 1, "output: ");
  ExpectFailure(Segment("-o labels.nii --preview no/p.png"), 1, "output: ");
  ExpectFailure(Segment("-o labels.nii --split-dir ct.nii.gz"), 1, "output: ");
  EXPECT_FALSE(Exists("labels.nii"));
}

}  // namespace
}  // namespace tuckerseg
