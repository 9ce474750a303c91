#include "compression/tucker/decompose.h"

#include <gmock/gmock.h>

#include <cmath>

#include "compression/tucker/hosvd.h"
#include "engine/error.h"
#include "engine/execute/plain/plain_executor.h"
#include "engine/model/safetensors.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// Every convolution in Tucker form at full rank, or at a share of it.
LayerGraph InTuckerForm(LayerGraph graph, double share) {
  for (Layer& layer : graph.layers) {
    if (!IsConvolution(layer.kind)) continue;
    layer.kind = layer.kind == LayerKind::kTransposedConvolution ? LayerKind::kTuckerTransposedConvolution : LayerKind::kTuckerConvolution;
    layer.rank_in = std::max<int64_t>(1, std::llround(share * static_cast<double>(layer.in_channels)));
    layer.rank_out = std::max<int64_t>(1, std::llround(share * static_cast<double>(layer.out_channels)));
  }
  return graph;
}

std::vector<float> Logits(const LayerGraph& graph, const WeightStore& weights) {
  std::vector<float> patch(8 * 8 * 8);
  for (size_t v = 0; v < patch.size(); ++v) patch[v] = std::sin(static_cast<float>(v));
  const auto executor = PlainExecutorFactory()(graph, weights, "fold_0.");
  const auto logits = executor->Run(patch, {8, 8, 8});
  return {logits.begin(), logits.end()};
}

TEST(DecomposePart, AtFullRankGivesTheNetworksLogits) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const ModelPart& part = bundle.model.parts.front();
  const LayerGraph graph = InTuckerForm(part.graph, 1);
  const WeightStore weights = DecomposePart(part, graph, bundle.weights.front(), DecompositionMethod::kHosvd, TensorType::kFloat32, 1);
  EXPECT_THAT(Logits(graph, weights), testing::Pointwise(testing::FloatNear(1e-3F), Logits(part.graph, bundle.weights.front())));
}

TEST(DecomposePart, GivesTheSameUpToRoundingWithAnyNumberOfThreads) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const ModelPart& part = bundle.model.parts.front();
  const LayerGraph graph = InTuckerForm(part.graph, 0.5);
  const auto logits = [&](int threads) { return Logits(graph, DecomposePart(part, graph, bundle.weights.front(), DecompositionMethod::kHooi, TensorType::kFloat32, threads)); };
  const std::vector<float> with_three = logits(3);
  EXPECT_THAT(logits(1), testing::Pointwise(testing::FloatNear(1e-3F), with_three));
}

TEST(DecomposePart, TakesAllOtherTensorsAsTheyAre) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const ModelPart& part = bundle.model.parts.front();
  const WeightStore weights = DecomposePart(part, InTuckerForm(part.graph, 0.5), bundle.weights.front(), DecompositionMethod::kHosvd, TensorType::kFloat16, 1);
  const TensorView& norm = weights.At("fold_0.encoder.0.norm.weight");
  EXPECT_EQ(norm.type, TensorType::kFloat32);
  EXPECT_EQ(norm.bytes.data(), bundle.weights.front().At("fold_0.encoder.0.norm.weight").bytes.data());
  EXPECT_EQ(weights.At("fold_0.encoder.1.conv.core").type, TensorType::kFloat16);
}

TEST(DecomposePart, DecomposesEveryFoldByItself) {
  Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  ModelPart& part = bundle.model.parts.front();
  part.folds = {"0", "1"};
  WeightStore both = bundle.weights.front();
  const WeightStore second = RandomWeights(part.graph, "fold_1.", 2);
  for (const auto& [name, tensor] : second.tensors()) both.Add(name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()});
  const LayerGraph graph = InTuckerForm(part.graph, 0.5);
  const WeightStore weights = DecomposePart(part, graph, both, DecompositionMethod::kHosvd, TensorType::kFloat32, 1);
  EXPECT_NE(ToFloat(weights.At("fold_0.encoder.1.conv.core")), ToFloat(weights.At("fold_1.encoder.1.conv.core")));
}

TEST(DecomposePart, RefusesAGraphOfAnotherNetwork) {
  const Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  const auto decompose = [&](const LayerGraph& graph) {
    DecomposePart(bundle.model.parts.front(), graph, bundle.weights.front(), DecompositionMethod::kHosvd, TensorType::kFloat32, 1);
  };
  LayerGraph wider = InTuckerForm(TinyUnet(8, 3), 0.5);
  ExpectError(ErrorCode::kInvalidArgument, "layer encoder.0.conv: must be the model's", [&] { decompose(wider); });
  wider.layers[1].name = "another";
  ExpectError(ErrorCode::kInvalidArgument, "layer another: must be one of the model's", [&] { decompose(wider); });
}

}  // namespace
}  // namespace tuckerseg
