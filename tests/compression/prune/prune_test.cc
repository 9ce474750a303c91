#include "compression/prune/prune.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "compression/rank/architecture.h"
#include "engine/error.h"
#include "engine/execute/plain/plain_executor.h"
#include "engine/model/cost.h"
#include "engine/model/part_weights.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

/// A part of two folds, so that the choice has to be made for both.
struct Sample {
  ModelPart part;
  WeightStore weights;
};

Sample TwoFolds(int64_t channels) {
  Bundle bundle = TinyBundle(TinyUnet(channels, 3), {8, 8, 8}, 1);
  Sample sample{bundle.model.parts.front(), bundle.weights.front()};
  sample.part.folds = {"0", "1"};
  const WeightStore second = RandomWeights(sample.part.graph, "fold_1.", 2);
  for (const auto& [name, tensor] : second.tensors()) sample.weights.Add(name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()});
  return sample;
}

/// input -> conv (1x1x1, these weights: one for each output channel) -> head.
Sample Chain(const std::vector<std::vector<float>>& folds) {
  const auto channels = static_cast<int64_t>(folds.front().size());
  Sample sample;
  LayerGraph& graph = sample.part.graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "conv", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = channels});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {1}, .in_channels = channels, .out_channels = 2});
  for (size_t fold = 0; fold < folds.size(); ++fold) {
    sample.part.folds.push_back(std::to_string(fold));
    const std::string prefix = "fold_" + std::to_string(fold) + ".";
    const std::vector<float> head(static_cast<size_t>(2 * channels), 1.0F);
    sample.weights.AddFloats(prefix + "conv.weight", TensorType::kFloat32, {channels, 1, 1, 1, 1}, folds[fold]);
    sample.weights.AddFloats(prefix + "head.weight", TensorType::kFloat32, {2, channels, 1, 1, 1}, head);
  }
  return sample;
}

std::vector<float> Logits(const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
  std::vector<float> patch(8 * 8 * 8);
  for (size_t v = 0; v < patch.size(); ++v) patch[v] = std::sin(static_cast<float>(v));
  const auto executor = PlainExecutorFactory()(graph, weights, prefix);
  const auto logits = executor->Run(patch, {8, 8, 8});
  return {logits.begin(), logits.end()};
}

TEST(ChooseChannels, KeepsTheLargestNorms) {
  const Sample sample = Chain({{1, -4, 2, 3}});
  EXPECT_THAT(ChooseChannels(sample.part, sample.weights, 0.5)[1], ElementsAre(false, true, false, true));
}

TEST(ChooseChannels, SumsTheSquaresOverFolds) {
  const Sample sample = Chain({{3, 2, 0, 0}, {0, 2.5F, 4, 0}});  // 9, 10.25, 16, 0
  EXPECT_THAT(ChooseChannels(sample.part, sample.weights, 0.5)[1], ElementsAre(false, true, true, false));
}

TEST(ChooseChannels, RoundsUpAndKeepsTheFirstOfEqualOnes) {
  const Sample sample = Chain({{1, 1, 1, 1, 1}});
  EXPECT_THAT(ChooseChannels(sample.part, sample.weights, 0.21)[1], ElementsAre(true, true, false, false, false));
  EXPECT_THAT(ChooseChannels(sample.part, sample.weights, 0.001)[1], ElementsAre(true, false, false, false, false));
}

TEST(ChooseChannels, LeavesTheClassesAlone) {
  const Sample sample = Chain({{1, 2, 3, 4}});
  EXPECT_THAT(ChooseChannels(sample.part, sample.weights, 0.25).back(), ElementsAre(true, true));
}

TEST(ChooseChannels, RefusesWhatCannotBeCompared) {
  const Sample broken = Chain({{1, std::numeric_limits<float>::quiet_NaN()}});
  ExpectError(ErrorCode::kDataLoss, "layer conv: weights must be finite", [&] { ChooseChannels(broken.part, broken.weights, 0.5); });
  const Sample sample = Chain({{1, 2}});
  ExpectError(ErrorCode::kInvalidArgument, "level = 0: must be in (0, 1]", [&] { ChooseChannels(sample.part, sample.weights, 0); });
  ExpectError(ErrorCode::kInvalidArgument, "level = 1.5: must be in (0, 1]", [&] { ChooseChannels(sample.part, sample.weights, 1.5); });
  ExpectError(ErrorCode::kFailedPrecondition, "conv.weight: missing", [&] { ChooseChannels(sample.part, {}, 0.5); });
}

TEST(WithoutChannels, GivesTheMaskedNetworksLogitsUpToTheBorder) {
  const Sample sample = TwoFolds(6);
  for (const double level : {0.2, 0.5, 0.8}) {
    const KeptChannels kept = ChooseChannels(sample.part, sample.weights, level);
    const WeightStore masked = MaskedChannels(sample.part, sample.weights, kept);
    const PrunedPart pruned = WithoutChannels(sample.part, sample.weights, kept);
    for (const std::string prefix : {"fold_0.", "fold_1."}) {
      // The same products in the same order, less those that are zero.
      EXPECT_THAT(Logits(pruned.graph, pruned.weights, prefix), Pointwise(FloatNear(1e-5F), Logits(sample.part.graph, masked, prefix)));
    }
  }
}

TEST(WithoutChannels, RemovesThemFromWhatReadsThemToo) {
  const Sample sample = TwoFolds(4);
  const LayerGraph graph = PrunePart(sample.part, sample.weights, 0.5).graph;
  const auto channels = [&](const std::string& name) {
    for (const Layer& layer : graph.layers)
      if (layer.name == name) return std::pair(layer.in_channels, layer.out_channels);
    return std::pair<int64_t, int64_t>();
  };
  EXPECT_EQ(channels("encoder.0.conv"), (std::pair<int64_t, int64_t>(1, 2)));
  EXPECT_EQ(channels("encoder.1.norm"), (std::pair<int64_t, int64_t>(4, 4)));
  EXPECT_EQ(channels("sum"), (std::pair<int64_t, int64_t>(4, 4)));
  EXPECT_EQ(channels("up"), (std::pair<int64_t, int64_t>(4, 2)));
  EXPECT_EQ(channels("concat"), (std::pair<int64_t, int64_t>(4, 4)));
  EXPECT_EQ(channels("head"), (std::pair<int64_t, int64_t>(2, 3)));
}

TEST(WithoutChannels, HasEveryTensorOfEveryFold) {
  Sample sample = TwoFolds(4);
  const PrunedPart pruned = PrunePart(sample.part, sample.weights, 0.5);
  sample.part.graph = pruned.graph;
  CheckTensors(sample.part, pruned.weights);
}

TEST(PrunePart, AtLevelOneChangesNothing) {
  const Sample sample = TwoFolds(4);
  const PrunedPart pruned = PrunePart(sample.part, sample.weights, 1);
  EXPECT_EQ(pruned.graph, sample.part.graph);
  const std::string name = "fold_1.up.weight";
  EXPECT_EQ(pruned.weights.At(name).bytes.data(), sample.weights.At(name).bytes.data());
}

TEST(MaskedChannels, HasAsManyParametersThatAreNotZeroAsThePaperCounts) {
  const Sample sample = TwoFolds(6);
  const KeptChannels kept = ChooseChannels(sample.part, sample.weights, 0.5);
  int64_t nonzero = 0;
  const WeightStore masked = MaskedChannels(sample.part, sample.weights, kept);
  for (const auto& [name, tensor] : masked.tensors()) {
    if (!name.starts_with("fold_0.")) continue;
    const std::vector<float> values = ToFloat(tensor);
    nonzero += std::count_if(values.begin(), values.end(), [](float value) { return value != 0; });
  }
  EXPECT_EQ(CountedParameters(sample.part.graph, WithoutChannels(sample.part, sample.weights, kept).graph), nonzero);
}

TEST(CountedParameters, FallLinearlyWhereThoseOfTheSmallerNetworkFallWithTheSquare) {
  ModelPart part;
  part.graph = PaperNetwork("3mm").graph;
  part.folds = {"0"};
  WeightStore weights;
  for (const TensorSpec& spec : RequiredTensors(part.graph)) {
    int64_t count = 1;
    for (const int64_t size : spec.shape) count *= size;
    weights.AddFloats("fold_0." + spec.name, TensorType::kFloat32, spec.shape, std::vector<float>(static_cast<size_t>(count), 1.0F));
  }
  const LayerGraph pruned = PrunePart(part, weights, 0.5).graph;
  const auto whole = static_cast<double>(ParameterCount(part.graph));
  // The head's 118 classes, 0.02 % of the parameters, stay.
  EXPECT_NEAR(static_cast<double>(CountedParameters(part.graph, pruned)) / whole, 0.5, 1e-3);
  EXPECT_NEAR(static_cast<double>(ParameterCount(pruned)) / whole, 0.25, 1e-3);
}

}  // namespace
}  // namespace tuckerseg
