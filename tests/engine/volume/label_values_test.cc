#include "engine/volume/label_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "engine/volume/nifti_reader.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/engine/volume/nifti_builder.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

template <typename T>
NiftiBuilder Row(const std::vector<T>& voxels) {
  NiftiBuilder builder;
  builder.Shape({static_cast<int64_t>(voxels.size()), 1, 1}).Voxels(voxels);
  return builder;
}

std::vector<uint16_t> LabelsIn(const NiftiBuilder& file, int threads = 1) { return LabelValues(ReadNifti(file.Bytes()).volume, "labels", threads); }

TEST(LabelValues, AreThoseOfAnyType) {
  EXPECT_THAT(LabelsIn(Row<uint8_t>({0, 7, 255})), ElementsAre(0, 7, 255));
  EXPECT_THAT(LabelsIn(Row<uint16_t>({0, 256, 65535})), ElementsAre(0, 256, 65535));
  EXPECT_THAT(LabelsIn(Row<int32_t>({0, 300, 65535})), ElementsAre(0, 300, 65535));
  EXPECT_THAT(LabelsIn(Row<float>({0, 1, 65535})), ElementsAre(0, 1, 65535));
  EXPECT_THAT(LabelsIn(Row<double>({3, 2, 1})), ElementsAre(3, 2, 1));
}

TEST(LabelValues, AreScaledAsTheFileSays) {
  EXPECT_THAT(LabelsIn(Row<int16_t>({-1, 0, 1}).Scaling(2, 2)), ElementsAre(0, 2, 4));
}

TEST(LabelValues, RefuseWhatIsNoLabel) {
  const auto expect_refused = [](const std::string& value, const NiftiBuilder& file) {
    ExpectError(ErrorCode::kInvalidArgument, "labels: label " + value + ": must be a whole number in [0, 65535]", [&] { LabelsIn(file); });
  };
  expect_refused("-1.000000", Row<int16_t>({0, -1}));
  expect_refused("65536.000000", Row<int32_t>({0, 65536}));
  expect_refused("0.500000", Row<float>({1, 0.5F}));
  expect_refused("nan", Row<float>({std::numeric_limits<float>::quiet_NaN()}));
}

TEST(LabelValues, AreInTheFilesOrderThoughTheyAreReadPieceByPiece) {
  constexpr int64_t kAcross = 2048;  // two pieces: one slice is as much as is held of them
  constexpr int64_t kSlices = 2;
  std::vector<uint16_t> voxels(static_cast<size_t>(kAcross * kAcross * kSlices));
  for (size_t i = 0; i < voxels.size(); ++i) voxels[i] = static_cast<uint16_t>(i % 65521);
  NiftiBuilder builder;
  builder.Shape({kAcross, kAcross, kSlices}).Spacing({1, 1, 1}).Voxels(voxels);
  EXPECT_TRUE(LabelsIn(builder, 2) == voxels);
}

}  // namespace
}  // namespace tuckerseg
