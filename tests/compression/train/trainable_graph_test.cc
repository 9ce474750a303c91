#include "compression/train/trainable_graph.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "compression/train/parameters.h"
#include "compression/train/shifted_convolution.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/model/unet_builder.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

Parameters RandomDoubles(const TrainableGraph& graph) {
  at::manual_seed(7);
  Parameters parameters;
  for (const TensorSpec& spec : graph.Tensors()) parameters[spec.name] = at::randn(spec.shape, at::kDouble) * 0.5;
  return parameters;
}

/// The input layer and one layer behind it: 2 -> 3 channels where the kind allows it.
LayerGraph OneLayer(Layer layer) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 2, .out_channels = 2});
  layer.name = "layer";
  if (layer.inputs.empty()) layer.inputs = {0};
  if (layer.in_channels == 0) layer.in_channels = 2;
  if (layer.out_channels == 0) layer.out_channels = 2;
  AddLayer(graph, std::move(layer));
  return graph;
}

/// A weighted sum of the output, so that no gradient cancels.
double Objective(const TrainableGraph& graph, const Parameters& parameters, const at::Tensor& input) {
  const at::Tensor output = graph.Forward(parameters, input, Precision::kFloat32).front();
  return (output * at::arange(output.numel(), output.options()).view_as(output).sin()).sum().item<double>();
}

/// Gradients of all parameters and of the input against central differences.
void ExpectTrueGradients(const LayerGraph& layers) {
  const TrainableGraph graph(layers, /*deep_supervision=*/false);
  Parameters parameters = RandomDoubles(graph);
  parameters["input"] = at::randn({2, 2, 4, 4, 4}, at::kDouble);
  for (auto& [name, tensor] : parameters) tensor.requires_grad_(true);
  const at::Tensor output = graph.Forward(parameters, parameters.at("input"), Precision::kFloat32).front();
  (output * at::arange(output.numel(), output.options()).view_as(output).sin()).sum().backward();
  const at::NoGradGuard no_gradients;
  constexpr double kStep = 1e-5;
  for (auto& [name, tensor] : parameters) {
    at::Tensor flat = tensor.detach().view(-1);
    for (int64_t i = 0; i < flat.numel(); i += std::max<int64_t>(1, flat.numel() / 12)) {
      const double value = flat[i].item<double>();
      flat[i] = value + kStep;
      const double above = Objective(graph, parameters, parameters.at("input"));
      flat[i] = value - kStep;
      const double below = Objective(graph, parameters, parameters.at("input"));
      flat[i] = value;
      EXPECT_NEAR(tensor.grad().view(-1)[i].item<double>(), (above - below) / (2 * kStep), 1e-5) << name << "[" << i << "]";
    }
  }
}

TEST(TrainableGraph, GradientsOfEveryLayerKindAreThoseOfFiniteDifferences) {
  ExpectTrueGradients(OneLayer({.kind = LayerKind::kConvolution, .out_channels = 3, .kernel = {1, 3, 3}, .stride = {1, 2, 2}, .bias = true}));
  ExpectTrueGradients(OneLayer({.kind = LayerKind::kTuckerConvolution, .out_channels = 3, .kernel = {3, 3, 3}, .stride = {2, 2, 2}, .bias = true, .rank_in = 1, .rank_out = 2}));
  LayerGraph down_and_up = OneLayer({.kind = LayerKind::kConvolution, .out_channels = 3, .kernel = {1, 1, 1}, .stride = {2, 1, 2}});
  AddLayer(down_and_up, {.name = "up", .kind = LayerKind::kTransposedConvolution, .inputs = {1}, .in_channels = 3, .out_channels = 2,
                         .kernel = {2, 1, 2}, .stride = {2, 1, 2}, .bias = true});
  ExpectTrueGradients(down_and_up);
  ExpectTrueGradients(OneLayer({.kind = LayerKind::kInstanceNorm, .epsilon = 0.1}));
  ExpectTrueGradients(OneLayer({.kind = LayerKind::kLeakyRelu, .negative_slope = 0.2}));
  ExpectTrueGradients(OneLayer({.kind = LayerKind::kAveragePool, .kernel = {2, 2, 1}, .stride = {2, 2, 1}}));
  ExpectTrueGradients(OneLayer({.kind = LayerKind::kConcat, .inputs = {0, 0}, .in_channels = 4, .out_channels = 4}));
  ExpectTrueGradients(OneLayer({.kind = LayerKind::kAdd, .inputs = {0, 0, 0}}));
}

TEST(TrainableGraph, GradientsGoThroughFactorsThatArePartOfTheirCore) {
  Layer whole_in{.kind = LayerKind::kTuckerConvolution, .out_channels = 3, .kernel = {3, 3, 3}, .bias = true, .rank_in = 2, .rank_out = 2};
  Layer whole_out = whole_in;
  whole_out.rank_in = 1;
  whole_out.rank_out = 3;
  Layer matrix = whole_in;
  matrix.kernel = {1, 1, 1};
  matrix.rank_in = matrix.rank_out = 1;
  for (const Layer& layer : {whole_in, whole_out, matrix}) ExpectTrueGradients(OneLayer(layer));
  LayerGraph down_and_up = OneLayer({.kind = LayerKind::kConvolution, .out_channels = 3, .kernel = {1, 1, 1}, .stride = {2, 1, 2}});
  AddLayer(down_and_up, {.name = "up", .kind = LayerKind::kTuckerTransposedConvolution, .inputs = {1}, .in_channels = 3, .out_channels = 2,
                         .kernel = {2, 1, 2}, .stride = {2, 1, 2}, .bias = true, .rank_in = 3, .rank_out = 1});
  ExpectTrueGradients(down_and_up);
}

TEST(ConvolutionByShifts, HasTheValuesAndGradientsOfLibTorchsConvolution) {
  at::manual_seed(5);
  for (const std::vector<int64_t>& kernel : {std::vector<int64_t>{3, 3, 3}, {1, 3, 5}}) {
    at::Tensor input = at::randn({2, 3, 12, 14, 16}, at::kDouble).requires_grad_(true);
    at::Tensor weight = at::randn({4, 3, kernel[0], kernel[1], kernel[2]}, at::kDouble).requires_grad_(true);
    at::Tensor bias = at::randn({4}, at::kDouble).requires_grad_(true);
    std::vector<at::Tensor> same;
    for (const at::Tensor& tensor : {input, weight, bias}) same.push_back(tensor.detach().clone().requires_grad_(true));
    const std::vector<int64_t> padding{kernel[0] / 2, kernel[1] / 2, kernel[2] / 2};
    const at::Tensor output = ConvolutionByShifts(input, weight, bias);
    const at::Tensor expected = at::conv3d(same[0], same[1], same[2], 1, padding);
    const at::Tensor factors = at::randn(output.sizes(), at::kDouble);
    (output * factors).sum().backward();
    (expected * factors).sum().backward();
    EXPECT_TRUE(at::allclose(output, expected));
    EXPECT_TRUE(at::allclose(input.grad(), same[0].grad()));
    EXPECT_TRUE(at::allclose(weight.grad(), same[1].grad()));
    EXPECT_TRUE(at::allclose(bias.grad(), same[2].grad()));
  }
}

TEST(TrainableGraph, GivesTheLogitsOfTheTorchExecutor) {
  LayerGraph layers = TinyUnet(3, 4);
  Layer& first = layers.layers[1];
  first.kind = LayerKind::kTuckerConvolution;  // the one kind that the network lacks
  first.rank_in = 1;
  first.rank_out = 2;
  const TrainableGraph graph(layers, /*deep_supervision=*/false);
  const WeightStore weights = RandomWeights(layers, "fold_0.", 3);
  const at::Tensor input = at::randn({1, 1, 8, 8, 8});
  const auto executor = TorchExecutorFactory("cpu", 1)(layers, weights, "fold_0.");
  const auto expected = executor->Run({input.const_data_ptr<float>(), static_cast<size_t>(input.numel())}, {8, 8, 8});
  const at::Tensor logits = graph.Forward(LoadParameters(graph, weights, "fold_0.", 0), input, Precision::kFloat32).front().contiguous();
  ASSERT_EQ(static_cast<size_t>(logits.numel()), expected.size());
  // The norm sums in another order than the executor's: a few units of the last place of sums of 500 voxels.
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(logits.const_data_ptr<float>()[i], expected[i], 1e-4);
}

TEST(TrainableGraph, InBFloat16GivesFloatLogitsNearThoseOfFloat32OnEveryDevice) {
  const TrainableGraph graph(TinyUnet(4, 3), false);
  for (const std::string& device : TorchDevices()) {
    const Parameters parameters = CopyTo(InitialParameters(graph, 1), device);
    const at::Tensor input = at::randn({1, 1, 8, 8, 8}).to(at::Device(device));
    const at::Tensor coarse = graph.Forward(parameters, input, Precision::kBFloat16).front();
    const at::Tensor fine = graph.Forward(parameters, input, Precision::kFloat32).front();
    EXPECT_EQ(coarse.scalar_type(), at::kFloat) << device;
    EXPECT_LT((coarse - fine).abs().max().item<double>(), 0.1 * fine.abs().max().item<double>()) << device;  // eight bits of mantissa
  }
}

/// Three stages: two transposed convolutions, so one decoder stage besides the last, and it is the deepest.
LayerGraph Unet(size_t stages) {
  UnetPlan plan;
  plan.out_channels = 3;
  for (size_t i = 0; i < stages; ++i) {
    plan.features.push_back(4);
    plan.kernels.push_back({3, 3, 3});
    plan.strides.push_back(i == 0 ? Size3{1, 1, 1} : Size3{2, 2, 2});
    plan.encoder_convs.push_back(1);
    if (i > 0) plan.decoder_convs.push_back(1);
  }
  return BuildUnet(plan);
}

TEST(TrainableGraph, SupervisesEveryDecoderStageButTheDeepestFromFineToCoarse) {
  EXPECT_TRUE(TrainableGraph(Unet(3), true).heads().empty());
  const TrainableGraph graph(Unet(5), true);
  ASSERT_EQ(graph.heads().size(), 2U);
  EXPECT_EQ(graph.heads()[0].stride, (Size3{2, 2, 2}));
  EXPECT_EQ(graph.heads()[1].stride, (Size3{4, 4, 4}));
  const std::vector<at::Tensor> outputs = graph.Forward(InitialParameters(graph, 1), at::randn({1, 1, 16, 16, 16}), Precision::kFloat32);
  ASSERT_EQ(outputs.size(), 3U);
  EXPECT_THAT(outputs[1].sizes().vec(), ElementsAre(1, 3, 8, 8, 8));
  EXPECT_THAT(outputs[2].sizes().vec(), ElementsAre(1, 3, 4, 4, 4));
}

TEST(Parameters, BeginAsKaimingNormalWithZeroBiasesAndUnitNorms) {
  LayerGraph layers = OneLayer({.kind = LayerKind::kConvolution, .out_channels = 64, .kernel = {3, 3, 3}, .bias = true});
  AddLayer(layers, {.name = "norm", .kind = LayerKind::kInstanceNorm, .inputs = {1}, .in_channels = 64, .out_channels = 64});
  const Parameters parameters = InitialParameters(TrainableGraph(layers, false), 1);
  EXPECT_NEAR(parameters.at("layer.weight").std().item<double>(), std::sqrt(2 / (1 + 1e-4) / 54), 0.01);
  EXPECT_EQ(parameters.at("layer.bias").abs().max().item<double>(), 0);
  EXPECT_EQ(parameters.at("norm.weight").min().item<double>(), 1);
  EXPECT_EQ(parameters.at("norm.bias").abs().max().item<double>(), 0);
  EXPECT_TRUE(at::equal(parameters.at("layer.weight"), InitialParameters(TrainableGraph(layers, false), 1).at("layer.weight")));
  EXPECT_FALSE(at::equal(parameters.at("layer.weight"), InitialParameters(TrainableGraph(layers, false), 2).at("layer.weight")));
}

TEST(Parameters, ComeBackFromAStoreAndHeadsOfDeepSupervisionStayOut) {
  const TrainableGraph graph(Unet(5), true);
  const Parameters parameters = InitialParameters(graph, 1);
  WeightStore store;
  StoreParameters(parameters, RequiredTensors(graph.graph()), "fold_0.", TensorType::kFloat32, store);
  EXPECT_EQ(store.tensors().size(), RequiredTensors(graph.graph()).size());
  const Parameters back = LoadParameters(graph, store, "fold_0.", 1);
  for (const auto& [name, tensor] : parameters) EXPECT_TRUE(at::equal(tensor, back.at(name))) << name;
}

TEST(Parameters, AreStoredAsHalvesOnRequest) {
  const TrainableGraph graph(TinyUnet(2, 3), false);
  const Parameters parameters = InitialParameters(graph, 1);
  WeightStore store;
  StoreParameters(parameters, graph.Tensors(), "fold_0.", TensorType::kFloat16, store);
  const Parameters back = LoadParameters(graph, store, "fold_0.", 1);
  for (const auto& [name, tensor] : parameters) EXPECT_TRUE(at::equal(tensor.to(at::kHalf).to(at::kFloat), back.at(name))) << name;
}

TEST(Parameters, ThatAreNotFiniteAreNotStored) {
  const TrainableGraph graph(TinyUnet(2, 3), false);
  Parameters parameters = InitialParameters(graph, 1);
  parameters.at("head.bias").fill_(1e6);
  WeightStore store;
  ExpectError(ErrorCode::kInternal, "fold_0.head.bias: holds a number that is not finite", [&] { StoreParameters(parameters, graph.Tensors(), "fold_0.", TensorType::kFloat16, store); });
}

TEST(Parameters, OfAnotherShapeAreRefused) {
  const TrainableGraph graph(TinyUnet(2, 3), false);
  ExpectError(ErrorCode::kFailedPrecondition, "shape differs", [&] { LoadParameters(graph, RandomWeights(TinyUnet(2, 4), "fold_0.", 1), "fold_0.", 1); });
  ExpectError(ErrorCode::kFailedPrecondition, "fold_1.", [&] { LoadParameters(graph, RandomWeights(TinyUnet(2, 3), "fold_0.", 1), "fold_1.", 1); });
}

}  // namespace
}  // namespace tuckerseg
