#include "engine/segment/memory_plan.h"

#include <gtest/gtest.h>

#include "engine/model/unet_builder.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

TEST(ActivationBytes, CountsWhatIsAliveAtOnceAndTheBlockedCopiesOfAConvolution) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "a", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 32});
  AddLayer(graph, {.name = "relu", .kind = LayerKind::kLeakyRelu, .inputs = {1}, .in_channels = 32, .out_channels = 32});
  AddLayer(graph, {.name = "b", .kind = LayerKind::kConvolution, .inputs = {2}, .in_channels = 32, .out_channels = 4});
  // At b: 32 channels in, 4 out, and both in blocks of 16.
  EXPECT_EQ(ActivationBytes(graph, {8, 8, 8}), (32 + 4 + 32 + 16) * 512 * 4);
}

/// input (1) -> wide (32) -> Tucker convolution (32, ranks 16), whose factors are steps of their own.
LayerGraph WithATuckerConvolution() {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "wide", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 32});
  AddLayer(graph, {.name = "tucker", .kind = LayerKind::kTuckerConvolution, .inputs = {1}, .in_channels = 32, .out_channels = 32, .kernel = {3, 3, 3}, .rank_in = 16, .rank_out = 16});
  return graph;
}

TEST(DeviceActivationBytes, CountEachStepOfATuckerConvolutionWithWhatItReadsAndMakes) {
  // The first and the last step: 32 and 16 channels, and both in blocks of 16.
  EXPECT_EQ(DeviceActivationBytes(WithATuckerConvolution(), {8, 8, 8}), 2 * (32 + 16) * 512 * 4);
  EXPECT_GT(ActivationBytes(WithATuckerConvolution(), {8, 8, 8}), DeviceActivationBytes(WithATuckerConvolution(), {8, 8, 8}));
}

TEST(DeviceActivationBytes, CountWhatIsReadOnceMoreToItsEnd) {
  LayerGraph graph = WithATuckerConvolution();
  AddLayer(graph, {.name = "sum", .kind = LayerKind::kAdd, .inputs = {1, 2}, .in_channels = 32, .out_channels = 32});
  EXPECT_EQ(DeviceActivationBytes(graph, {8, 8, 8}), (32 + 2 * (16 + 32)) * 512 * 4) << "beside the last step";
}

TEST(DeviceActivationBytes, AreTheHostsOfANetworkWithoutTuckerLayers) {
  EXPECT_EQ(DeviceActivationBytes(TinyUnet(4, 3), {8, 8, 8}), ActivationBytes(TinyUnet(4, 3), {8, 8, 8}));
}

TEST(PatchBytes, AreThoseOfThePartThatNeedsMost) {
  Model model = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1).model;
  const int64_t small = ActivationBytes(model.parts.front().graph, {8, 8, 8});
  EXPECT_EQ(PatchBytes(model), small);
  model.parts.push_back(TinyBundle(TinyUnet(4, 3), {16, 16, 16}, 1).model.parts.front());
  const int64_t large = ActivationBytes(model.parts.back().graph, {16, 16, 16});
  ASSERT_GT(large, small);
  EXPECT_EQ(PatchBytes(model), large);
}

TEST(PatchBytes, LeaveOutALastLayerThatRunsApart) {
  const Model model = TinyBundle(TinyUnet(2, 300), {8, 8, 8}, 1).model;
  EXPECT_LT(PatchBytes(model), ActivationBytes(model.parts.front().graph, {8, 8, 8}));
}

Geometry GeometryOf(const Index3& shape) {
  Geometry geometry;
  geometry.shape = shape;
  geometry.header_spacing_mm = {1, 1, 1};
  for (size_t a = 0; a < 3; ++a) geometry.affine_ras.linear[a][a] = 1;
  return geometry;
}

TEST(DeviceBytes, AreOnePatchWhereTheHostSums) {
  const Model model = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1).model;
  EXPECT_EQ(DeviceBytes(model, GeometryOf({40, 40, 40}), {.sum_on_device = false}), PatchBytes(model));
  EXPECT_EQ(DeviceBytes(model, GeometryOf({40, 40, 40}), {.accumulation = Accumulation::kReference}), PatchBytes(model));
}

TEST(DeviceBytes, GrowAlongTheFirstAxisByTheImageAlone) {
  const Model model = TinyBundle(TinyUnet(2, 300), {8, 8, 8}, 1).model;  // the network's first axis is the volume's last
  const auto bytes = [&model](int64_t length) { return DeviceBytes(model, GeometryOf({40, 40, length}), {}); };
  EXPECT_GT(bytes(8), PatchBytes(model) + 8 * 40 * 40 * 2 * 4) << "a row of patches with two features";
  EXPECT_EQ(bytes(1000) - bytes(500), 500 * 40 * 40 * 4);
}

TEST(DeviceBytes, CountEachPatchThatRunsAtOnceButNoMoreThanThereAreInALine) {
  const Model model = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1).model;  // the network's last axis is the volume's first; 16 voxels take three patches
  const auto bytes = [&model](int at_once) { return DeviceBytes(model, GeometryOf({16, 40, 40}), {.patches_at_once = at_once}); };
  EXPECT_EQ(bytes(2) - bytes(1), PatchBytes(model) + 512 * 4) << "its features and itself";
  EXPECT_EQ(bytes(3) - bytes(2), bytes(2) - bytes(1));
  EXPECT_EQ(bytes(64), bytes(3));
}

TEST(DeviceBytes, CountWhatMirroringHolds) {
  Model model = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1).model;
  const int64_t plain = DeviceBytes(model, GeometryOf({40, 40, 40}), {});
  model.parts.front().mirror_axes = {0};
  EXPECT_GT(DeviceBytes(model, GeometryOf({40, 40, 40}), {}), plain);
}

TEST(PredictPeakBytes, GrowsWithClassesOnlyAsFarAsABandOfPatchesGoes) {
  const auto peak = [](int64_t classes, const Index3& shape) {
    return PredictPeakBytes(TinyBundle(TinyUnet(2, classes), {32, 32, 32}, 1).model, GeometryOf(shape), {.threads = 2});
  };
  const int64_t voxels = 96 * 96 * 400;
  const int64_t one = peak(2, {96, 96, 400});
  const int64_t many = peak(102, {96, 96, 400});
  EXPECT_GT(many, one);
  EXPECT_LT(many - one, 100 * voxels * 4 / 4) << "less than a quarter of what whole logits would add";
  // Twice the length along the first axis: the case's image and labels, and no logits.
  EXPECT_LE(peak(102, {96, 96, 800}) - many, voxels * 12);
}

TEST(PredictPeakBytes, LeavesFeaturesAndSumsToADeviceThatHasThem) {
  Model model = TinyBundle(TinyUnet(2, 300), {8, 8, 8}, 1).model;
  const auto bytes = [&model](NetworkMemory networks, const SegmentOptions& options) { return PredictPeakBytes(model, GeometryOf({40, 50, 60}), options, networks); };
  constexpr int64_t kVoxels = 40 * 50 * 60;
  // A voxel: the case's image and labels, the network's image and its labels. The patch's weights; the largest classes of eight rows.
  EXPECT_EQ(bytes(NetworkMemory::kDevice, {}), kVoxels * (4 + 2 + 4 + 2) + 512 * 4 + 8 * 40 * 50 * 2);
  EXPECT_GT(bytes(NetworkMemory::kHost, {}), bytes(NetworkMemory::kDevice, {}) + PatchBytes(model)) << "features of a patch, and the sums";
  model.parts.front().regions = true;
  // Two features of a row come instead, and each thread makes 300 logits of one of its lines.
  EXPECT_EQ(bytes(NetworkMemory::kDevice, {.threads = 3}), kVoxels * (4 + 2 + 4 + 2) + 512 * 4 + 40 * 50 * 2 * 4 + 3 * 300 * 40 * 4);
}

TEST(PredictPeakBytes, CountsSumsOfTheHostWhereADeviceDoesNotSum) {
  const Model model = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1).model;
  for (const SegmentOptions& options : {SegmentOptions{.sum_on_device = false}, SegmentOptions{.accumulation = Accumulation::kReference}}) {
    EXPECT_EQ(PredictPeakBytes(model, GeometryOf({40, 40, 40}), options, NetworkMemory::kDevice), PredictPeakBytes(model, GeometryOf({40, 40, 40}), options));
  }
  EXPECT_EQ(PredictPeakBytes(model, GeometryOf({40, 40, 40}), {.sum_on_device = true}), PredictPeakBytes(model, GeometryOf({40, 40, 40}), {.sum_on_device = false}))
      << "networks of the host have their sums there";
}

TEST(PredictPeakBytes, CountsComponentsWhereNothingElseIsAsLarge) {
  const Model model = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1).model;
  // The image, labels, groups, numbers, and places still to be looked at.
  EXPECT_EQ(PredictPeakBytes(model, GeometryOf({40, 40, 40}), {.drop_below_mm3 = 1}, NetworkMemory::kDevice), 64000 * (4 + 2 + 2 + 4 + 8));
}

TEST(PredictPeakBytes, CountsTheLargestClassesInsteadOfLogitsWhereTheyAreEnough) {
  // 300 classes of 2 features; lines of 4000 voxels, so that one of logits is 4.8 MB.
  Model model = TinyBundle(TinyUnet(2, 300), {8, 8, 8}, 1).model;
  const Geometry geometry = GeometryOf({4000, 8, 8});
  const int64_t largest = PredictPeakBytes(model, geometry, {.threads = 1});
  model.parts.front().regions = true;  // sigmoid of each class: all logits of a line, by thread
  const int64_t one = PredictPeakBytes(model, geometry, {.threads = 1});
  const int64_t three = PredictPeakBytes(model, geometry, {.threads = 3});
  const int64_t line = 300 * 4000 * 4;
  // A thread takes four lines of features at once, and gives the largest classes of them, or the logits of one.
  EXPECT_EQ(one - largest, line - 4 * 4000 * 2);
  EXPECT_EQ(three - one, 2 * (line + 4 * 4000 * 2 * 4));
}

}  // namespace
}  // namespace tuckerseg
