#include "engine/execute/plain/plain_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "engine/error.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

void AddTensor(WeightStore& weights, const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  weights.Add(name, TensorType::kFloat32, std::move(shape), std::move(bytes));
}

/// A graph of the input and one layer, with given tensors.
class OneLayer {
 public:
  explicit OneLayer(Layer layer) {
    AddLayer(graph_, {.name = "input", .kind = LayerKind::kInput, .in_channels = layer.in_channels,
                      .out_channels = layer.in_channels});
    layer.name = "layer";
    if (layer.inputs.empty()) layer.inputs = {0};
    AddLayer(graph_, std::move(layer));
  }
  OneLayer& With(const std::string& tensor, std::vector<int64_t> shape, const std::vector<float>& values) {
    AddTensor(weights_, "layer." + tensor, std::move(shape), values);
    return *this;
  }
  std::vector<float> Run(const std::vector<float>& patch, const Size3& shape) const {
    const auto executor = PlainExecutorFactory()(graph_, weights_, "");
    const std::span<const float> logits = executor->Run(patch, shape);
    return {logits.begin(), logits.end()};
  }

 private:
  LayerGraph graph_;
  WeightStore weights_;
};

TEST(PlainExecutor, ConvolutionPadsWithZerosAndAddsTheBias) {
  const auto layer = OneLayer({.kind = LayerKind::kConvolution, .in_channels = 1, .out_channels = 1, .kernel = {1, 1, 3},
                               .bias = true})
                         .With("weight", {1, 1, 1, 1, 3}, {1, 10, 100})
                         .With("bias", {1}, {0.5F});
  // out[z] = in[z-1] + 10 in[z] + 100 in[z+1] + 0.5
  EXPECT_THAT(layer.Run({1, 2, 3}, {1, 1, 3}), ElementsAre(210.5F, 321.5F, 32.5F));
}

TEST(PlainExecutor, StridedConvolutionKeepsEverySecondPosition) {
  const auto layer = OneLayer({.kind = LayerKind::kConvolution, .in_channels = 1, .out_channels = 1, .kernel = {1, 1, 3},
                               .stride = {1, 1, 2}})
                         .With("weight", {1, 1, 1, 1, 3}, {1, 10, 100});
  EXPECT_THAT(layer.Run({1, 2, 3, 4}, {1, 1, 4}), ElementsAre(210, 432));
}

TEST(PlainExecutor, TransposedConvolutionWritesOneBlockForEachVoxel) {
  // Behind a layer of stride 2, which leaves voxels 0 and 2: a transposed convolution undoes strides.
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 2, .out_channels = 2});
  AddLayer(graph, {.name = "down", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 2, .out_channels = 2,
                   .stride = {1, 1, 2}});
  AddLayer(graph, {.name = "up", .kind = LayerKind::kTransposedConvolution, .inputs = {1}, .in_channels = 2,
                   .out_channels = 1, .kernel = {1, 1, 2}, .stride = {1, 1, 2}, .bias = true});
  WeightStore weights;
  AddTensor(weights, "down.weight", {2, 2, 1, 1, 1}, {1, 0, 0, 1});
  AddTensor(weights, "up.weight", {2, 1, 1, 1, 2}, {1, 2, 10, 20});
  AddTensor(weights, "up.bias", {1}, {0.25F});
  const auto executor = PlainExecutorFactory()(graph, weights, "");
  // Channels {1, 2} and {3, 4} at voxels 0 and 2: blocks 1*{1,2} + 3*{10,20} and 2*{1,2} + 4*{10,20}.
  EXPECT_THAT(executor->Run(std::vector<float>{1, 9, 2, 9, 3, 9, 4, 9}, {1, 1, 4}), ElementsAre(31.25F, 62.25F, 42.25F, 84.25F));
}

TEST(PlainExecutor, InstanceNormDividesByTheBiasedDeviationOfTheChannel) {
  const auto layer = OneLayer({.kind = LayerKind::kInstanceNorm, .in_channels = 1, .out_channels = 1, .epsilon = 0})
                         .With("weight", {1}, {2})
                         .With("bias", {1}, {1});
  // Mean 2, biased variance 1: (x - 2) * 2 + 1.
  EXPECT_THAT(layer.Run({1, 3, 1, 3}, {1, 2, 2}), ElementsAre(-1, 3, -1, 3));
}

TEST(PlainExecutor, LeakyReluScalesNegativeValues) {
  const auto layer = OneLayer({.kind = LayerKind::kLeakyRelu, .in_channels = 1, .out_channels = 1, .negative_slope = 0.5});
  EXPECT_THAT(layer.Run({-2, 0, 4}, {1, 1, 3}), ElementsAre(-1, 0, 4));
}

TEST(PlainExecutor, AveragePoolDropsTheRemainder) {
  const auto layer = OneLayer({.kind = LayerKind::kAveragePool, .in_channels = 1, .out_channels = 1, .kernel = {1, 1, 2},
                               .stride = {1, 1, 2}});
  EXPECT_THAT(layer.Run({1, 3, 5, 9}, {1, 1, 4}), ElementsAre(2, 7));
}

TEST(PlainExecutor, TuckerConvolutionEqualsTheConvolutionOfItsProduct) {
  // in_factor [2, 1] = {3, 5}; core [1, 1, 1, 1, 3] = {1, 10, 100}; out_factor [2, 1] = {2, -1}.
  const auto tucker = OneLayer({.kind = LayerKind::kTuckerConvolution, .in_channels = 2, .out_channels = 2,
                                .kernel = {1, 1, 3}, .bias = true, .rank_in = 1, .rank_out = 1})
                          .With("in_factor", {2, 1}, {3, 5})
                          .With("core", {1, 1, 1, 1, 3}, {1, 10, 100})
                          .With("out_factor", {2, 1}, {2, -1})
                          .With("bias", {2}, {0.5F, 0});
  const auto whole = OneLayer({.kind = LayerKind::kConvolution, .in_channels = 2, .out_channels = 2, .kernel = {1, 1, 3},
                               .bias = true})
                         .With("weight", {2, 2, 1, 1, 3}, {6, 60, 600, 10, 100, 1000, -3, -30, -300, -5, -50, -500})
                         .With("bias", {2}, {0.5F, 0});
  const std::vector<float> patch{1, 2, 3, 4, 5, 6};
  EXPECT_THAT(tucker.Run(patch, {1, 1, 3}), Pointwise(FloatNear(1e-3F), whole.Run(patch, {1, 1, 3})));
}

/// 2 -> 2 channels of stride 2, which leaves every second voxel, and up again by `up`.
class DownAndUp {
 public:
  explicit DownAndUp(Layer up) {
    AddLayer(graph_, {.name = "input", .kind = LayerKind::kInput, .in_channels = 2, .out_channels = 2});
    AddLayer(graph_, {.name = "down", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 2, .out_channels = 2, .stride = {1, 1, 2}});
    AddTensor(weights_, "down.weight", {2, 2, 1, 1, 1}, {1, 0, 0, 1});
    up.name = "up";
    up.inputs = {1};
    up.in_channels = 2;
    up.kernel = up.stride = {1, 1, 2};
    up.bias = true;
    AddLayer(graph_, std::move(up));
  }
  DownAndUp& With(const std::string& tensor, std::vector<int64_t> shape, const std::vector<float>& values) {
    AddTensor(weights_, "up." + tensor, std::move(shape), values);
    return *this;
  }
  /// Channels {1, 2} and {3, 4} at the voxels that are left.
  std::vector<float> Run() const {
    const auto executor = PlainExecutorFactory()(graph_, weights_, "");
    const std::span<const float> logits = executor->Run(std::vector<float>{1, 9, 2, 9, 3, 9, 4, 9}, {1, 1, 4});
    return {logits.begin(), logits.end()};
  }

 private:
  LayerGraph graph_;
  WeightStore weights_;
};

TEST(PlainExecutor, TransposedTuckerConvolutionReducesRaisesTheResolutionAndWidens) {
  const auto tucker = DownAndUp({.kind = LayerKind::kTuckerTransposedConvolution, .out_channels = 2, .rank_in = 1, .rank_out = 1})
                          .With("in_factor", {2, 1}, {3, 5})
                          .With("core", {1, 1, 1, 1, 2}, {1, 10})
                          .With("out_factor", {2, 1}, {2, -1})
                          .With("bias", {2}, {0.5F, 0});
  // Reduced: 3 * 1 + 5 * 3 = 18 and 3 * 2 + 5 * 4 = 26; blocks {18, 180} and {26, 260}; twice that + 0.5, and minus that.
  EXPECT_THAT(tucker.Run(), ElementsAre(36.5F, 360.5F, 52.5F, 520.5F, -18, -180, -26, -260));
}

TEST(PlainExecutor, TransposedTuckerConvolutionEqualsTheTransposedConvolutionOfItsProduct) {
  // Ranks 2 and 3 of 2 -> 4 channels: modes that are mixed up give other numbers.
  const std::vector<float> in_factor{1, -2, 3, 0.5F};                                       // [2, 2]
  const std::vector<float> core{1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, 7};                   // [2, 3, 1, 1, 2]
  const std::vector<float> out_factor{1, 0, 2, -1, 1, 0, 0.5F, 3, 1, 2, -2, 1};             // [4, 3]
  std::vector<float> product(2 * 4 * 2, 0);                                                 // [2, 4, 1, 1, 2]
  for (size_t i = 0; i < 2; ++i)
    for (size_t o = 0; o < 4; ++o)
      for (size_t k = 0; k < 2; ++k)
        for (size_t r = 0; r < 2; ++r)
          for (size_t s = 0; s < 3; ++s) product[(i * 4 + o) * 2 + k] += in_factor[i * 2 + r] * core[(r * 3 + s) * 2 + k] * out_factor[o * 3 + s];
  const std::vector<float> bias{1, 2, 3, 4};
  const auto tucker = DownAndUp({.kind = LayerKind::kTuckerTransposedConvolution, .out_channels = 4, .rank_in = 2, .rank_out = 3})
                          .With("in_factor", {2, 2}, in_factor)
                          .With("core", {2, 3, 1, 1, 2}, core)
                          .With("out_factor", {4, 3}, out_factor)
                          .With("bias", {4}, bias);
  const auto whole = DownAndUp({.kind = LayerKind::kTransposedConvolution, .out_channels = 4}).With("weight", {2, 4, 1, 1, 2}, product).With("bias", {4}, bias);
  EXPECT_THAT(tucker.Run(), Pointwise(FloatNear(1e-3F), whole.Run()));
}

TEST(PlainExecutor, RefusesAPatchThatTheStridesDoNotDivide) {
  const LayerGraph graph = TinyUnet(2, 3);
  const auto executor = PlainExecutorFactory()(graph, RandomWeights(graph, "", 1), "");
  const std::vector<float> patch(5 * 4 * 4);
  try {
    executor->Run(patch, {5, 4, 4});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr("patch axis 0 = 5: must be a positive multiple of 2"));
  }
}

TEST(PlainExecutor, RefusesWeightsThatLackATensor) {
  const LayerGraph graph = TinyUnet(2, 3);
  try {
    PlainExecutorFactory()(graph, RandomWeights(graph, "fold_0.", 1), "fold_1.");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_THAT(error.what(), HasSubstr("fold_1.encoder.0.conv.weight"));
  }
}

}  // namespace
}  // namespace tuckerseg
