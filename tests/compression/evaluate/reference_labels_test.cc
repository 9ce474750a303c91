#include "compression/evaluate/reference_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "tests/compression/evaluate/density_model.h"
#include "tests/compression/sphere_cases.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

constexpr Index3 kShape{4, 1, 1};

Geometry Ct() { return EmptyVolume(kShape, 3, VoxelType::kInt16).geometry; }

Volume FourVoxels(const std::array<uint8_t, 4>& values) {
  Volume volume = EmptyVolume(kShape, 3, VoxelType::kUint8);
  std::memcpy(volume.voxels.data(), values.data(), values.size());
  return volume;
}

/// The density model knows spleen (1) and liver (2).
class ReadingReferenceLabels : public testing::Test {
 protected:
  void WriteMask(const std::string& name, const std::array<uint8_t, 4>& voxels) const {
    WriteNifti(EmptyVolume(kShape, 3, VoxelType::kInt16), folder_.path() / "s0001" / "ct.nii.gz");
    WriteNifti(FourVoxels(voxels), folder_.path() / "s0001" / "segmentations" / (name + ".nii.gz"));
  }
  std::vector<uint16_t> ReadMasks() const {
    const CaseFolder folder = FindCases(folder_.path());
    return ReferenceLabels(DensityBundle().model, folder).Read(folder.cases.front(), Ct(), 1);
  }

  const TemporaryDirectory folder_;
};

TEST_F(ReadingReferenceLabels, GivesTheModelsValuesByName) {
  CaseFolder folder;
  folder.classes = {{"liver", 5}, {"spleen", 300}, {"heart", 7}};
  Volume stored = EmptyVolume(kShape, 3, VoxelType::kUint16);
  const std::array<uint16_t, 4> values{0, 5, 300, 7};
  std::memcpy(stored.voxels.data(), values.data(), stored.voxels.size());
  WriteNifti(stored, folder_.path() / "labels.nii.gz");
  const CaseFiles files{"a", {}, folder_.path() / "labels.nii.gz", {}};
  const ReferenceLabels labels(DensityBundle().model, folder);
  EXPECT_THAT(labels.Read(files, Ct(), 1), ElementsAre(0, 2, 1, 0)) << "the model has no heart";
  EXPECT_THAT(labels.values(), ElementsAre(1, 2));
}

TEST_F(ReadingReferenceLabels, RefusesDataThatNameNoStructureOfTheModel) {
  WriteMask("trunk", {1, 1, 1, 1});
  ExpectError(ErrorCode::kInvalidArgument, "--data: names no structure of the model tiny", [&] { ReadMasks(); });
}

TEST_F(ReadingReferenceLabels, RefusesMasksThatLieBesideTheImage) {
  WriteMask("liver", {0, 1, 1, 0});
  const CaseFolder folder = FindCases(folder_.path());
  Geometry ct = Ct();
  ct.affine_ras.translation[0] = 3;
  ExpectError(ErrorCode::kInvalidArgument, "case s0001: labels lie 1.0",
              [&] { ReferenceLabels(DensityBundle().model, folder).Read(folder.cases.front(), ct, 1); });
}

}  // namespace
}  // namespace tuckerseg
