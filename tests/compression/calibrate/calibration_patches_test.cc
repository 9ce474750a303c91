#include "compression/calibrate/calibration_patches.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/error.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// A volume of 1 mm voxels whose value is its place along x, in HU.
Volume Ramp(const Index3& shape) {
  Volume volume;
  volume.geometry.shape = shape;
  volume.geometry.affine_ras.linear = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  volume.geometry.header_spacing_mm = {1, 1, 1};
  volume.type = VoxelType::kInt16;
  volume.voxels.resize(static_cast<size_t>(volume.geometry.VoxelCount()) * sizeof(int16_t));
  auto* voxels = reinterpret_cast<int16_t*>(volume.voxels.data());
  for (int64_t v = 0; v < volume.geometry.VoxelCount(); ++v) voxels[v] = static_cast<int16_t>(v % shape[0] + 1);
  return volume;
}

TEST(CalibrationPatches, AreAsManyAsAskedForAndOfThePartsSize) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const std::vector<at::Tensor> patches = CalibrationPatches({Ramp({24, 24, 24}), Ramp({24, 24, 24})}, bundle.model, bundle.model.parts.front(), {.patches = 3});
  ASSERT_EQ(patches.size(), 6U);
  for (const at::Tensor& patch : patches) EXPECT_EQ(patch.sizes().vec(), (std::vector<int64_t>{1, 1, 8, 8, 8}));
}

TEST(CalibrationPatches, HoldWhatTheNetworkSees) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const at::Tensor patch = CalibrationPatches({Ramp({8, 8, 8})}, bundle.model, bundle.model.parts.front(), {}).front();
  // CT normalisation divides by 500; x is the last axis.
  for (int64_t x = 0; x < 8; ++x) EXPECT_NEAR(patch[0][0][3][5][x].item<float>(), static_cast<float>(x + 1) / 500, 1e-6);
}

TEST(CalibrationPatches, ArePaddedWithZerosWhereTheVolumeIsSmaller) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const at::Tensor patch = CalibrationPatches({Ramp({4, 8, 8})}, bundle.model, bundle.model.parts.front(), {}).front();
  EXPECT_EQ(patch[0][0][0][0][0].item<float>(), 0);
  EXPECT_NEAR(patch[0][0][0][0][2].item<float>(), 1.0F / 500, 1e-6);
  EXPECT_EQ(patch[0][0][0][0][7].item<float>(), 0);
}

TEST(CalibrationPatches, NeedAVolumeAndAPatchThatFitsTheGraph) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const ModelPart& part = bundle.model.parts.front();
  ExpectError(ErrorCode::kInvalidArgument, "--calibration: must name at least one CT", [&] { CalibrationPatches({}, bundle.model, part, {}); });
  ExpectError(ErrorCode::kInvalidArgument, "--patch: axis 1 = 7: must be a positive multiple of 2",
              [&] { CalibrationPatches({Ramp({8, 8, 8})}, bundle.model, part, {.patch = {8, 7, 8}}); });
}

TEST(CalibrationPatches, AreTheNetworksOwnOfAtMost96VoxelsAnAxis) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {130, 8, 96}, 1);
  EXPECT_EQ(CalibrationPatches({Ramp({8, 8, 8})}, bundle.model, bundle.model.parts.front(), {}).front().sizes().vec(), (std::vector<int64_t>{1, 1, 96, 8, 96}));
}

TEST(CalibrationPatches, AreRefusedWhereTheyWouldNotBeWhatTheNetworkSees) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const ModelPart& part = bundle.model.parts.front();
  Volume flat = Ramp({8, 8, 8});
  std::fill(flat.voxels.begin(), flat.voxels.end(), std::byte{1});
  ExpectError(ErrorCode::kInvalidArgument, "--calibration: CT 2: all voxels are alike", [&] { CalibrationPatches({Ramp({8, 8, 8}), flat}, bundle.model, part, {}); });
  Volume nan = Ramp({8, 8, 8});
  nan.type = VoxelType::kFloat32;
  nan.voxels.assign(8 * 8 * 8 * sizeof(float), std::byte{0xff});
  ExpectError(ErrorCode::kInvalidArgument, "--calibration: CT 2: voxels: 512 are NaN", [&] { CalibrationPatches({Ramp({8, 8, 8}), nan}, bundle.model, part, {}); });
  Model cropped = bundle.model;
  cropped.pipeline.crop = CropRule{.structures = {"liver"}};
  ExpectError(ErrorCode::kFailedPrecondition, "looks at crops around what another model finds", [&] { CalibrationPatches({Ramp({8, 8, 8})}, cropped, part, {}); });
  ModelPart two_channels = part;
  two_channels.graph.layers.front().out_channels = 2;
  ExpectError(ErrorCode::kFailedPrecondition, "takes 2 channels", [&] { CalibrationPatches({Ramp({8, 8, 8})}, bundle.model, two_channels, {}); });
}

}  // namespace
}  // namespace tuckerseg
