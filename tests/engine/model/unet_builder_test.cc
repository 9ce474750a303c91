#include "engine/model/unet_builder.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/engine/model/result_folder_builder.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

/// Two stages, one convolution or block each: every name fits on a screen.
UnetPlan TwoStages(UnetKind kind) {
  return {.kind = kind,
          .in_channels = 1,
          .out_channels = 3,
          .features = {4, 8},
          .kernels = {{1, 3, 3}, {3, 3, 3}},
          .strides = {{1, 1, 1}, {1, 2, 2}},
          .encoder_convs = {1, 2},
          .decoder_convs = {1},
          .stem_channels = 4};
}

std::vector<std::string> WeightNames(const LayerGraph& graph) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : RequiredTensors(graph))
    if (spec.name.ends_with(".weight")) names.push_back(spec.name);
  return names;
}

const Layer& Named(const LayerGraph& graph, const std::string& name) {
  const auto found =
      std::find_if(graph.layers.begin(), graph.layers.end(), [&](const Layer& layer) { return layer.name == name; });
  if (found == graph.layers.end()) throw std::out_of_range(name);
  return *found;
}

Checkpoint CheckpointOf(const LayerGraph& graph) {
  Checkpoint checkpoint;
  for (const TensorSpec& spec : RequiredTensors(graph)) checkpoint.tensors[spec.name] = {spec.shape, {1.0F}};
  return checkpoint;
}

TEST(BuildUnet, NamesThePlainEncodersTensorsAsTheStateDictDoes) {
  EXPECT_THAT(WeightNames(BuildUnet(TwoStages(UnetKind::kPlain))),
              ElementsAre("encoder.stages.0.0.convs.0.conv.weight", "encoder.stages.0.0.convs.0.norm.weight",
                          "encoder.stages.1.0.convs.0.conv.weight", "encoder.stages.1.0.convs.0.norm.weight",
                          "encoder.stages.1.0.convs.1.conv.weight", "encoder.stages.1.0.convs.1.norm.weight",
                          "decoder.transpconvs.0.weight", "decoder.stages.0.convs.0.conv.weight",
                          "decoder.stages.0.convs.0.norm.weight", "decoder.seg_layers.0.weight"));
}

TEST(BuildUnet, NamesTheResidualEncodersTensorsAsTheStateDictDoes) {
  EXPECT_THAT(WeightNames(BuildUnet(TwoStages(UnetKind::kResidualEncoder))),
              ElementsAre("encoder.stem.convs.0.conv.weight", "encoder.stem.convs.0.norm.weight",
                          "encoder.stages.0.blocks.0.conv1.conv.weight", "encoder.stages.0.blocks.0.conv1.norm.weight",
                          "encoder.stages.0.blocks.0.conv2.conv.weight", "encoder.stages.0.blocks.0.conv2.norm.weight",
                          "encoder.stages.1.blocks.0.conv1.conv.weight", "encoder.stages.1.blocks.0.conv1.norm.weight",
                          "encoder.stages.1.blocks.0.conv2.conv.weight", "encoder.stages.1.blocks.0.conv2.norm.weight",
                          "encoder.stages.1.blocks.0.skip.1.conv.weight", "encoder.stages.1.blocks.0.skip.1.norm.weight",
                          "encoder.stages.1.blocks.1.conv1.conv.weight", "encoder.stages.1.blocks.1.conv1.norm.weight",
                          "encoder.stages.1.blocks.1.conv2.conv.weight", "encoder.stages.1.blocks.1.conv2.norm.weight",
                          "decoder.transpconvs.0.weight", "decoder.stages.0.convs.0.conv.weight",
                          "decoder.stages.0.convs.0.norm.weight", "decoder.seg_layers.0.weight"));
}

TEST(BuildUnet, StridesOnlyTheFirstConvolutionOfAStage) {
  const LayerGraph graph = BuildUnet(TwoStages(UnetKind::kPlain));
  EXPECT_THAT(Named(graph, "encoder.stages.1.0.convs.0.conv").stride, ElementsAre(1, 2, 2));
  EXPECT_THAT(Named(graph, "encoder.stages.1.0.convs.1.conv").stride, ElementsAre(1, 1, 1));
  EXPECT_THAT(Named(graph, "encoder.stages.0.0.convs.0.conv").kernel, ElementsAre(1, 3, 3));
}

TEST(BuildUnet, ConcatenatesTheUpsampledBeforeTheSkip) {
  const LayerGraph graph = BuildUnet(TwoStages(UnetKind::kPlain));
  const Layer& concat = Named(graph, "decoder.concat.0");
  ASSERT_EQ(concat.inputs.size(), 2U);
  EXPECT_EQ(graph.layers[static_cast<size_t>(concat.inputs[0])].name, "decoder.transpconvs.0");
  EXPECT_EQ(graph.layers[static_cast<size_t>(concat.inputs[1])].name, "encoder.stages.0.0.convs.0.nonlin");
}

TEST(BuildUnet, PoolsTheSkipBeforeItProjectsItWithoutBias) {
  const LayerGraph graph = BuildUnet(TwoStages(UnetKind::kResidualEncoder));
  const Layer& projection = Named(graph, "encoder.stages.1.blocks.0.skip.1.conv");
  const Layer& pool = graph.layers[static_cast<size_t>(projection.inputs.at(0))];
  EXPECT_EQ(pool.kind, LayerKind::kAveragePool);
  EXPECT_THAT(pool.kernel, ElementsAre(1, 2, 2));
  EXPECT_THAT(projection.kernel, ElementsAre(1, 1, 1));
  EXPECT_FALSE(projection.bias);
}

TEST(BuildUnet, ProjectsTheSkipAsNumber0WhereNothingIsPooled) {
  UnetPlan plan = TwoStages(UnetKind::kResidualEncoder);
  plan.stem_channels = 6;
  EXPECT_NO_THROW(Named(BuildUnet(plan), "encoder.stages.0.blocks.0.skip.0.conv"));
}

TEST(BuildUnet, AddsTheSkipToANormWithoutActivation) {
  const LayerGraph graph = BuildUnet(TwoStages(UnetKind::kResidualEncoder));
  const Layer& sum = Named(graph, "encoder.stages.1.blocks.1.add");
  EXPECT_EQ(graph.layers[static_cast<size_t>(sum.inputs.at(0))].name, "encoder.stages.1.blocks.1.conv2.norm");
  EXPECT_EQ(graph.layers[static_cast<size_t>(sum.inputs.at(1))].name, "encoder.stages.1.blocks.0.nonlin2") << "the skip itself";
}

TEST(BuildUnet, GivesNormActivationAndBiasThePlansNumbers) {
  UnetPlan plan = TwoStages(UnetKind::kPlain);
  plan.epsilon = 1e-3;
  plan.negative_slope = 0.2;
  plan.bias = false;
  const LayerGraph graph = BuildUnet(plan);
  EXPECT_EQ(Named(graph, "encoder.stages.0.0.convs.0.norm").epsilon, 1e-3);
  EXPECT_EQ(Named(graph, "encoder.stages.0.0.convs.0.nonlin").negative_slope, 0.2);
  EXPECT_FALSE(Named(graph, "encoder.stages.0.0.convs.0.conv").bias);
  EXPECT_FALSE(Named(graph, "decoder.transpconvs.0").bias);
  EXPECT_TRUE(Named(graph, "decoder.seg_layers.0").bias) << "the output always has one";
}

TEST(BuildUnet, EndsWithTheLastSegmentationLayerAtThePatchsResolution) {
  for (const Json& plans : {NewPlans(), OldPlans(), ResidualPlans()}) {
    const LayerGraph graph = BuildUnet(Parse(plans, SmallDataset()).unet);
    EXPECT_EQ(graph.layers.back().name, "decoder.seg_layers.1");
    EXPECT_EQ(graph.OutChannels(), 3);
    EXPECT_TRUE(graph.KeepsResolution());
    EXPECT_THAT(graph.PatchDivisor(), ElementsAre(2, 4, 4));
  }
}

TEST(BuildUnet, RefusesEvenKernels) {
  UnetPlan plan = TwoStages(UnetKind::kPlain);
  plan.kernels[0] = {2, 3, 3};
  ExpectError(ErrorCode::kInvalidArgument, "layer encoder.stages.0.0.convs.0.conv: kernel: must be odd",
              [&] { BuildUnet(plan); });
}

TEST(BuildUnet, RefusesAStridedFirstStage) {
  for (const UnetKind kind : {UnetKind::kPlain, UnetKind::kResidualEncoder}) {
    UnetPlan plan = TwoStages(kind);
    plan.strides[0] = {2, 2, 2};
    ExpectError(ErrorCode::kInvalidArgument, "strides: the first stage's must be 1", [&] { BuildUnet(plan); });
  }
}

TEST(TensorsFor, GiveTheGraphsTensorsAndLeaveDeepSupervisionBehind) {
  const LayerGraph graph = BuildUnet(TwoStages(UnetKind::kPlain));
  Checkpoint checkpoint = CheckpointOf(graph);
  checkpoint.tensors["decoder.seg_layers.7.weight"] = {{1}, {1.0F}};
  const auto tensors = TensorsFor(graph, checkpoint);
  EXPECT_EQ(tensors.size(), RequiredTensors(graph).size());
  EXPECT_FALSE(tensors.contains("decoder.seg_layers.7.weight"));
}

TEST(TensorsFor, RefuseAMissingTensorByName) {
  const LayerGraph graph = BuildUnet(TwoStages(UnetKind::kPlain));
  Checkpoint checkpoint = CheckpointOf(graph);
  checkpoint.tensors.erase("decoder.seg_layers.0.bias");
  ExpectError(ErrorCode::kInvalidArgument, "tensor decoder.seg_layers.0.bias: missing", [&] { TensorsFor(graph, checkpoint); });
}

TEST(TensorsFor, RefuseATensorThatIsLeftOver) {
  const LayerGraph graph = BuildUnet(TwoStages(UnetKind::kPlain));
  Checkpoint checkpoint = CheckpointOf(graph);
  checkpoint.tensors["encoder.stages.2.0.convs.0.conv.weight"] = {{1}, {1.0F}};
  ExpectError(ErrorCode::kInvalidArgument,
              "tensor encoder.stages.2.0.convs.0.conv.weight: the network of the plans has none of that name",
              [&] { TensorsFor(graph, checkpoint); });
}

TEST(TensorsFor, RefuseATensorOfAnotherShapeWithBothShapes) {
  const LayerGraph graph = BuildUnet(TwoStages(UnetKind::kPlain));
  Checkpoint checkpoint = CheckpointOf(graph);
  checkpoint.tensors["decoder.seg_layers.0.weight"].shape = {2, 4, 1, 1, 1};
  ExpectError(ErrorCode::kInvalidArgument,
              "tensor decoder.seg_layers.0.weight of shape [2, 4, 1, 1, 1]: must be [3, 4, 1, 1, 1]",
              [&] { TensorsFor(graph, checkpoint); });
}

}  // namespace
}  // namespace tuckerseg
