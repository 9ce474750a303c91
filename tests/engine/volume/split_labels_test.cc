#include "engine/volume/split_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

const std::vector<LabelName> kLabels{{1, "liver"}, {3, "spleen"}};

/// A label map's file on the grid of `input`.
std::vector<std::byte> LabelMapFile(const NiftiBuilder& input, const std::vector<uint16_t>& labels, int64_t highest = 3,
                                    Compression compression = Compression::kGzip) {
  const NiftiHeader header = ReadNifti(input.Bytes()).header;
  std::vector<std::byte> file;
  WriteLabelMap({header.geometry.shape, labels}, header, kLabels, highest, compression,
                [&file](std::span<const std::byte> bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); });
  return file;
}

std::vector<NiftiVolume> Split(std::span<const std::byte> file, const std::vector<LabelName>& labels = kLabels) {
  std::vector<NiftiVolume> masks;
  SplitLabels(file, labels, [&](const LabelName&, std::span<const std::byte> mask) {
    EXPECT_EQ(mask[0], std::byte{0x1F}) << "gzip";
    masks.push_back(ReadNifti(mask));
  });
  return masks;
}

std::vector<int> Voxels(const NiftiVolume& mask) {
  EXPECT_EQ(mask.volume.type, VoxelType::kUint8);
  std::vector<int> values;
  for (const std::byte byte : mask.volume.voxels) values.push_back(std::to_integer<int>(byte));
  return values;
}

TEST(SplitLabels, GivesZeroAndOneForEachStructureInOrder) {
  for (const Compression compression : {Compression::kNone, Compression::kGzip}) {
    const auto masks = Split(LabelMapFile(NiftiBuilder().Shape({4, 1, 1}), {0, 1, 3, 1}, 3, compression));
    ASSERT_EQ(masks.size(), 2U);
    EXPECT_THAT(Voxels(masks[0]), ElementsAre(0, 1, 0, 1));
    EXPECT_THAT(Voxels(masks[1]), ElementsAre(0, 0, 1, 0));
  }
}

TEST(SplitLabels, WritesAMaskOfAStructureThatWasNotFoundToo) {
  EXPECT_THAT(Voxels(Split(LabelMapFile(NiftiBuilder().Shape({2, 1, 1}), {0, 0}))[1]), ElementsAre(0, 0));
}

TEST(SplitLabels, TellsWhichStructureAMaskIs) {
  std::vector<std::string> names;
  SplitLabels(LabelMapFile(NiftiBuilder().Shape({2, 1, 1}), {0, 0}), kLabels,
              [&](const LabelName& label, std::span<const std::byte>) { names.push_back(label.name); });
  EXPECT_THAT(names, ElementsAre("liver", "spleen"));
}

TEST(SplitLabels, KeepsGeometryAndTheInputsExtensionsButNotTheLabelTable) {
  for (const bool big_endian : {false, true}) {
    const NiftiBuilder input = NiftiBuilder(1, big_endian).Shape({2, 1, 1}).Extension(6, "a comment of the scanner");
    const NiftiHeader header = ReadNifti(input.Bytes()).header;
    const NiftiHeader mask = Split(LabelMapFile(input, {1, 0})).at(0).header;
    EXPECT_EQ(mask.extensions, header.extensions);
    EXPECT_EQ(mask.geometry.affine_ras, header.geometry.affine_ras);
    EXPECT_EQ(mask.big_endian, big_endian);
  }
}

TEST(SplitLabels, HasNoExtensionWhereTheInputHadNone) {
  const NiftiVolume mask = Split(LabelMapFile(NiftiBuilder().Shape({2, 1, 1}), {1, 0})).at(0);
  EXPECT_TRUE(mask.header.extensions.empty());
  EXPECT_EQ(mask.header.vox_offset, 352);
}

TEST(SplitLabels, TakesLabelsOf16Bits) {
  const auto masks = Split(LabelMapFile(NiftiBuilder().Shape({3, 1, 1}), {300, 3, 44}, 300), {{300, "a"}, {44, "b"}});
  EXPECT_THAT(Voxels(masks[0]), ElementsAre(1, 0, 0));
  EXPECT_THAT(Voxels(masks[1]), ElementsAre(0, 0, 1)) << "300 is 44 in eight bits";
}

TEST(SplitLabels, RefusesWhatIsNoLabelMap) {
  const auto ignore = [](const LabelName&, std::span<const std::byte>) {};
  ExpectError(ErrorCode::kInvalidArgument, "unsigned integers", [&] { SplitLabels(NiftiBuilder().Bytes(), kLabels, ignore); });
  const auto file = LabelMapFile(NiftiBuilder().Shape({2, 1, 1}), {1, 0});
  ExpectError(ErrorCode::kDataLoss, "", [&] { SplitLabels(std::span(file).first(file.size() - 9), kLabels, ignore); });
  const std::vector<LabelName> background{{0, "background"}};
  ExpectError(ErrorCode::kInvalidArgument, "label = 0", [&] { SplitLabels(file, background, ignore); });
}

}  // namespace
}  // namespace tuckerseg
