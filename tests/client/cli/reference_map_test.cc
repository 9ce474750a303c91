#include "client/cli/reference_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/volume/nifti_reader.h"
#include "engine/volume/nifti_writer.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ReferenceMapTest : public testing::Test {
 protected:
  /// A row of 1 mm voxels, as a file on disk.
  template <typename T>
  std::filesystem::path Reference(const std::vector<T>& labels) const {
    NiftiBuilder builder;
    builder.Shape({static_cast<int64_t>(labels.size()), 1, 1}).Spacing({1, 1, 1}).Voxels(labels);
    return Save("reference.nii.gz", builder.Gzip());
  }
  std::filesystem::path Save(const std::string& name, const std::vector<std::byte>& bytes) const {
    folder_.Write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return folder_.path() / name;
  }
  /// A label map's file on the grid of such a row, as the server makes it.
  static std::vector<std::byte> LabelMapFile(const std::vector<uint16_t>& labels) {
    NiftiBuilder ct;
    ct.Shape({static_cast<int64_t>(labels.size()), 1, 1}).Spacing({1, 1, 1});
    const NiftiHeader header = ReadNifti(ct.Bytes()).header;
    std::vector<std::byte> file;
    WriteLabelMap({header.geometry.shape, labels}, header, {}, 255, Compression::kGzip,
                  [&file](std::span<const std::byte> bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); });
    return file;
  }
  static std::vector<v1::Label> Labels() {
    std::vector<v1::Label> labels(3);
    for (size_t i = 0; i < labels.size(); ++i) {
      labels[i].set_value(static_cast<uint32_t>(i + 1));
      labels[i].set_name("structure_" + std::to_string(i + 1));
    }
    return labels;
  }

  const TemporaryDirectory folder_;
};

TEST_F(ReferenceMapTest, IsHeldAgainstByValueInWhatItHolds) {
  // Structure 1: 1 of 2 and 1. Structure 2: 2 of 2 and 2. Structure 3 is the label map's alone: neither right nor wrong.
  const ReferenceMap reference(Reference<int16_t>({1, 0, 2, 2, 0, 0}));
  const ReferenceAgreement agreement = reference.AgreementOf(LabelMapFile({1, 1, 2, 2, 3, 0}), Labels());
  ASSERT_EQ(agreement.structures.size(), 2U);
  EXPECT_EQ(agreement.structures[0].name, "structure_1");
  EXPECT_EQ(agreement.structures[0].value, 1U);
  EXPECT_DOUBLE_EQ(agreement.structures[0].dice, 2.0 / 3);
  EXPECT_EQ(agreement.structures[0].voxels, 2);
  EXPECT_EQ(agreement.structures[0].reference_voxels, 1);
  EXPECT_EQ(agreement.structures[1].dice, 1);
  EXPECT_DOUBLE_EQ(agreement.mean_dice, (2.0 / 3 + 1) / 2);
  EXPECT_THAT(agreement.unknown_values, IsEmpty());
}

TEST_F(ReferenceMapTest, CountsAStructureThatALevelMissed) {
  const ReferenceMap reference(Reference<uint8_t>({1, 2}));
  EXPECT_EQ(reference.AgreementOf(LabelMapFile({1, 0}), Labels()).mean_dice, 0.5);
}

TEST_F(ReferenceMapTest, TellsOfValuesThatTheTaskLacks) {
  const ReferenceMap reference(Reference<float>({1, 9, 9, 300}));
  const ReferenceAgreement agreement = reference.AgreementOf(LabelMapFile({1, 0, 0, 0}), Labels());
  EXPECT_EQ(agreement.mean_dice, 1);
  EXPECT_THAT(agreement.unknown_values, ElementsAre(9, 300));
}

TEST_F(ReferenceMapTest, RefusesOneThatHoldsNothingOfTheTask) {
  const ReferenceMap reference(Reference<uint8_t>({0, 9}));
  ExpectError(ErrorCode::kInvalidArgument, "--reference: holds no label of the task: must hold values that `tuckerseg models TASK` lists",
              [&] { reference.AgreementOf(LabelMapFile({1, 0}), Labels()); });
}

TEST_F(ReferenceMapTest, RefusesAnotherGrid) {
  const ReferenceMap reference(Reference<uint8_t>({1, 2}));
  ExpectError(ErrorCode::kInvalidArgument, "--reference: labels of 2 x 1 x 1 voxels: must be 3 x 1 x 1, as the CT",
              [&] { reference.AgreementOf(LabelMapFile({1, 0, 0}), Labels()); });
  NiftiBuilder moved;
  moved.Shape({2, 1, 1}).Spacing({1, 1, 1}).Sform({{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, {0, 0, 5}});
  const Geometry ct = ReadNifti(moved.Bytes()).header.geometry;
  ExpectError(ErrorCode::kInvalidArgument, "--reference: labels lie 5.000000 voxels from the CT: must be at most 0.1", [&] { reference.CheckGrid(ct); });
}

TEST_F(ReferenceMapTest, RefusesWhatIsNoLabelMap) {
  ExpectError(ErrorCode::kNotFound, "--reference: cannot be opened", [&] { ReferenceMap{folder_.path() / "none.nii"}; });
  ExpectError(ErrorCode::kInvalidArgument, "--reference: magic", [&] { ReferenceMap{Save("bad.nii", NiftiBuilder().Magic("xyz").Bytes())}; });
  ExpectError(ErrorCode::kInvalidArgument, "--reference: label 0.500000: must be a whole number in [0, 65535]", [&] { ReferenceMap{Reference<float>({0.5F, 1})}; });
}

}  // namespace
}  // namespace tuckerseg
