#include "engine/model/layer_graph.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// 2 -> 4 channels, down by 2 and up again, joined with the first convolution's output, summed, and 3 classes.
LayerGraph Graph() {
  LayerGraph graph;
  graph.layers = {
      {.name = "input", .kind = LayerKind::kInput, .in_channels = 2, .out_channels = 2},
      {.name = "conv",
       .kind = LayerKind::kConvolution,
       .inputs = {0},
       .in_channels = 2,
       .out_channels = 4,
       .kernel = {1, 3, 3},
       .bias = true},
      {.name = "pool",
       .kind = LayerKind::kAveragePool,
       .inputs = {1},
       .in_channels = 4,
       .out_channels = 4,
       .kernel = {1, 2, 2},
       .stride = {1, 2, 2}},
      {.name = "tucker",
       .kind = LayerKind::kTuckerConvolution,
       .inputs = {2},
       .in_channels = 4,
       .out_channels = 6,
       .kernel = {3, 3, 3},
       .stride = {2, 2, 1},
       .bias = true,
       .rank_in = 2,
       .rank_out = 3},
      {.name = "up",
       .kind = LayerKind::kTransposedConvolution,
       .inputs = {3},
       .in_channels = 6,
       .out_channels = 4,
       .kernel = {2, 4, 2},
       .stride = {2, 4, 2}},
      {.name = "norm", .kind = LayerKind::kInstanceNorm, .inputs = {4}, .in_channels = 4, .out_channels = 4},
      {.name = "relu", .kind = LayerKind::kLeakyRelu, .inputs = {5}, .in_channels = 4, .out_channels = 4},
      {.name = "sum", .kind = LayerKind::kAdd, .inputs = {6, 1}, .in_channels = 4, .out_channels = 4},
      {.name = "concat", .kind = LayerKind::kConcat, .inputs = {7, 1, 0}, .in_channels = 10, .out_channels = 10},
      {.name = "head", .kind = LayerKind::kConvolution, .inputs = {8}, .in_channels = 10, .out_channels = 3},
  };
  return graph;
}

Layer& Named(LayerGraph& graph, const std::string& name) {
  return *std::find_if(graph.layers.begin(), graph.layers.end(), [&](const Layer& layer) { return layer.name == name; });
}

/// Refused with the message once `change` was made to the layer.
void ExpectRefused(const std::string& layer, const std::function<void(Layer&)>& change, const std::string& message) {
  SCOPED_TRACE(message);
  LayerGraph graph = Graph();
  change(Named(graph, layer));
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { graph.Validate(); });
}

TEST(LayerGraph, IsValidWithEveryKindOfLayer) {
  EXPECT_NO_THROW(Graph().Validate());
  EXPECT_NO_THROW(TinyUnet(4, 3).Validate());
}

TEST(LayerGraph, HasTheChannelsOfItsFirstAndLastLayer) {
  EXPECT_EQ(Graph().InChannels(), 2);
  EXPECT_EQ(Graph().OutChannels(), 3);
}

TEST(LayerGraph, MustBeginWithItsOnlyInput) {
  ExpectError(ErrorCode::kInvalidArgument, "graph: must begin with an input layer", [] { LayerGraph().Validate(); });
  ExpectRefused(
      "input", [](Layer& l) { l.kind = LayerKind::kLeakyRelu; }, "graph: must begin with an input layer");
  ExpectRefused(
      "input", [](Layer& l) { l.inputs = {0}; }, "graph: must begin with an input layer");
  ExpectRefused(
      "relu", [](Layer& l) { l.kind = LayerKind::kInput; }, "layer relu: kind: must not be a second input");
}

TEST(LayerGraph, NeedsUniqueNames) {
  ExpectRefused(
      "relu", [](Layer& l) { l.name = "norm"; }, "layer norm: name: must be there and unique");
  ExpectRefused(
      "relu", [](Layer& l) { l.name = ""; }, "layer : name: must be there and unique");
}

TEST(LayerGraph, NeedsInputsBeforeTheLayer) {
  for (const int input : {-1, 6, 7, 1 << 20}) {
    ExpectRefused(
        "relu", [=](Layer& l) { l.inputs = {input}; }, "layer relu: inputs: must come before the layer");
  }
}

TEST(LayerGraph, NeedsAsManyInputsAsTheKindTakes) {
  ExpectRefused(
      "relu", [](Layer& l) { l.inputs = {}; }, "layer relu: inputs: must be one");
  ExpectRefused(
      "conv",
      [](Layer& l) {
        l.inputs = {0, 0};
      },
      "layer conv: inputs: must be one");
  ExpectRefused(
      "sum", [](Layer& l) { l.inputs = {6}; }, "layer sum: inputs: must be two or more");
  ExpectRefused(
      "concat", [](Layer& l) { l.inputs = {7}; }, "layer concat: inputs: must be two or more");
}

TEST(LayerGraph, NeedsPositiveChannelsThatFitTheInputs) {
  ExpectRefused(
      "conv", [](Layer& l) { l.in_channels = 0; }, "layer conv: in_channels = 0: must be in [1, 2^20]");
  ExpectRefused(
      "conv", [](Layer& l) { l.out_channels = -1; }, "layer conv: out_channels = -1: must be in [1, 2^20]");
  ExpectRefused(
      "conv", [](Layer& l) { l.out_channels = (1 << 20) + 1; }, "out_channels = 1048577: must be in [1, 2^20]");
  ExpectRefused(
      "conv", [](Layer& l) { l.in_channels = 3; }, "layer conv: in_channels = 3: must be 2, what its inputs have");
  ExpectRefused(
      "concat", [](Layer& l) { l.in_channels = 8; }, "layer concat: in_channels = 8: must be 10, what its inputs have");
  ExpectRefused(
      "sum",
      [](Layer& l) {
        l.inputs = {6, 0};
      },
      "layer sum: inputs: must have the same number of channels");
}

TEST(LayerGraph, ChangesChannelsOnlyInConvolutions) {
  for (const char* name : {"pool", "norm", "relu", "sum", "concat"}) {
    ExpectRefused(
        name, [](Layer& l) { ++l.out_channels; }, std::string("layer ") + name + ": out_channels: must equal in_channels");
  }
}

TEST(LayerGraph, NeedsOddKernelsWhereThePaddingKeepsTheShape) {
  ExpectRefused(
      "conv",
      [](Layer& l) {
        l.kernel = {1, 3, 2};
      },
      "layer conv: kernel: must be odd");
  ExpectRefused(
      "tucker",
      [](Layer& l) {
        l.kernel = {4, 3, 3};
      },
      "layer tucker: kernel: must be odd");
}

TEST(LayerGraph, NeedsKernelsThatEqualTheStrideWherePatchesAreTiled) {
  ExpectRefused(
      "up",
      [](Layer& l) {
        l.kernel = {2, 4, 3};
      },
      "layer up: kernel: must equal the stride");
  ExpectRefused(
      "pool",
      [](Layer& l) {
        l.kernel = {1, 2, 3};
      },
      "layer pool: kernel: must equal the stride");
}

TEST(LayerGraph, NeedsKernelsAndStridesOfSaneSizes) {
  ExpectRefused(
      "conv",
      [](Layer& l) {
        l.kernel = {0, 3, 3};
      },
      "layer conv: kernel: must be in [1, 64]");
  ExpectRefused(
      "conv",
      [](Layer& l) {
        l.kernel = {65, 3, 3};
      },
      "layer conv: kernel: must be in [1, 64]");
  ExpectRefused(
      "conv",
      [](Layer& l) {
        l.stride = {1, 0, 1};
      },
      "layer conv: stride: must be in [1, 64]");
  ExpectRefused(
      "relu",
      [](Layer& l) {
        l.kernel = {1, 3, 3};
      },
      "layer relu: kernel: must be 1 for a layer without one");
  ExpectRefused(
      "norm",
      [](Layer& l) {
        l.stride = {1, 2, 2};
      },
      "layer norm: kernel: must be 1 for a layer without one");
}

TEST(LayerGraph, NeedsTuckerRanksWithinTheChannels) {
  ExpectRefused(
      "tucker", [](Layer& l) { l.rank_in = 0; }, "layer tucker: rank_in = 0: must be in [1, 4]");
  ExpectRefused(
      "tucker", [](Layer& l) { l.rank_in = 5; }, "layer tucker: rank_in = 5: must be in [1, 4]");
  ExpectRefused(
      "tucker", [](Layer& l) { l.rank_out = 7; }, "layer tucker: rank_out = 7: must be in [1, 6]");
}

/// `up` between factors.
void MakeTucker(Layer& up) {
  up.kind = LayerKind::kTuckerTransposedConvolution;
  up.bias = true;
  up.rank_in = 5;
  up.rank_out = 2;
}

TEST(LayerGraph, HasTransposedTuckerConvolutionsWhereverTransposedOnesCanBe) {
  LayerGraph graph = Graph();
  MakeTucker(Named(graph, "up"));
  EXPECT_NO_THROW(graph.Validate());
  EXPECT_TRUE(graph.KeepsResolution());
  EXPECT_THAT(graph.PatchDivisor(), ElementsAre(2, 4, 2));
}

TEST(LayerGraph, NeedsOfTransposedTuckerConvolutionsWhatItNeedsOfBothTheirKinds) {
  const auto refused = [](const std::function<void(Layer&)>& change, const std::string& message) {
    ExpectRefused(
        "up",
        [&](Layer& up) {
          MakeTucker(up);
          change(up);
        },
        "layer up: " + message);
  };
  refused([](Layer& l) { l.rank_in = 0; }, "rank_in = 0: must be in [1, 6]");
  refused([](Layer& l) { l.rank_in = 7; }, "rank_in = 7: must be in [1, 6]");
  refused([](Layer& l) { l.rank_out = 5; }, "rank_out = 5: must be in [1, 4]");
  refused([](Layer& l) { l.kernel[2] = 3; }, "kernel: must equal the stride");
  refused([](Layer& l) { l.kernel = l.stride = {2, 4, 4}; }, "stride: must undo strides before it");
  refused([](Layer& l) { l.in_channels = 5; }, "in_channels = 5: must be 6, what its inputs have");
}

TEST(LayerGraph, NeedsEqualShapesWhereLayersAreJoined) {
  ExpectRefused(
      "sum",
      [](Layer& l) {
        l.inputs = {1, 2};
      },
      "layer sum: inputs: must have the same shape");
  ExpectRefused(
      "concat",
      [](Layer& l) {
        l.inputs = {7, 2, 0};
      },
      "layer concat: inputs: must have the same shape");
}

TEST(LayerGraph, NeedsStridesThatUndoOthersWhereItGoesUp) {
  ExpectRefused(
      "up",
      [](Layer& l) {
        l.kernel = l.stride = {2, 4, 4};
      },
      "layer up: stride: must undo strides before it");
}

TEST(LayerGraph, RefusesToShrinkAPatchBeyondAnySize) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  for (int i = 0; i < 20; ++i) {
    AddLayer(graph, {.name = std::to_string(i),
                     .kind = LayerKind::kConvolution,
                     .inputs = {i},
                     .in_channels = 1,
                     .out_channels = 1,
                     .stride = {64, 1, 1}});
  }
  ExpectError(ErrorCode::kInvalidArgument, "layer 3: stride: must not shrink a patch more than 2^20 times",
              [&] { graph.Validate(); });
}

TEST(LayerGraph, DividesPatchesByAllItsStrides) {
  EXPECT_THAT(Graph().PatchDivisor(), ElementsAre(2, 4, 2));
  EXPECT_THAT(TinyUnet(4, 2).PatchDivisor(), ElementsAre(2, 2, 1));
}

/// Three down to a branch that nobody reads, two down and up again to the end.
LayerGraph BranchOfStrides(int64_t unread, int64_t read) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  const auto add = [&](const char* name, LayerKind kind, int input, int64_t stride, int64_t kernel) {
    AddLayer(graph, {.name = name, .kind = kind, .inputs = {input}, .in_channels = 1, .out_channels = 1, .kernel = {kernel, kernel, kernel}, .stride = {stride, stride, stride}});
  };
  add("unread", LayerKind::kConvolution, 0, unread, 3);
  add("down", LayerKind::kConvolution, 0, read, 3);
  add("up", LayerKind::kTransposedConvolution, 2, read, read);
  return graph;
}

TEST(LayerGraph, DividesPatchesByAllStridesOfBranchesThatDoNotDivideOneAnother) {
  const LayerGraph graph = BranchOfStrides(3, 2);
  EXPECT_NO_THROW(graph.Validate());
  EXPECT_THAT(graph.PatchDivisor(), ElementsAre(6, 6, 6)) << "of nine voxels two down and up are ten";
  EXPECT_EQ(FeatureShapes(graph, {6, 12, 18}).back(), (Size3{6, 12, 18}));
}

TEST(LayerGraph, RefusesBranchesWhoseStridesHaveNoCommonMultipleOfSaneSize) {
  LayerGraph graph = BranchOfStrides(63, 62);
  for (const int64_t stride : {61, 59}) {
    graph.layers.push_back(graph.layers[1]);
    graph.layers.back().name = std::to_string(stride);
    graph.layers.back().stride = {stride, 1, 1};
  }
  ExpectError(ErrorCode::kInvalidArgument, "layer 59: stride: must not ask for patches of multiples above 2^20", [&] { graph.Validate(); });
}

TEST(LayerGraph, RefusesMoreLayersThanAnyNetworkHas) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  for (size_t i = 0; i < kMostLayers; ++i) {
    AddLayer(graph, {.name = std::to_string(i), .kind = LayerKind::kLeakyRelu, .inputs = {0}, .in_channels = 1, .out_channels = 1});
  }
  ExpectError(ErrorCode::kInvalidArgument, "graph: 4097 layers: must be at most 4096", [&] { graph.Validate(); });
}

TEST(LayerGraph, KeepsTheResolutionWhereTheDecoderUndoesEveryStride) {
  LayerGraph graph = Graph();
  EXPECT_TRUE(graph.KeepsResolution());
  graph.layers.resize(4);  // ends with the strided convolution
  EXPECT_FALSE(graph.KeepsResolution());
}

TEST(RequiredTensors, NamesTheTensorsOfEachLayerInOrder) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : RequiredTensors(Graph())) names.push_back(spec.name);
  EXPECT_THAT(names, ElementsAre("conv.weight", "conv.bias", "tucker.in_factor", "tucker.core", "tucker.out_factor",
                                 "tucker.bias", "up.weight", "norm.weight", "norm.bias", "head.weight"));
}

TEST(RequiredTensors, GivesTheShapesOfTheHeader) {
  const std::vector<TensorSpec> specs = RequiredTensors(Graph());
  EXPECT_THAT(specs.at(0).shape, ElementsAre(4, 2, 1, 3, 3));  // conv: [out, in, kernel]
  EXPECT_THAT(specs.at(1).shape, ElementsAre(4));
  EXPECT_THAT(specs.at(2).shape, ElementsAre(4, 2));           // tucker: [in, rank_in]
  EXPECT_THAT(specs.at(3).shape, ElementsAre(3, 2, 3, 3, 3));  // [rank_out, rank_in, kernel]
  EXPECT_THAT(specs.at(4).shape, ElementsAre(6, 3));           // [out, rank_out]
  EXPECT_THAT(specs.at(6).shape, ElementsAre(6, 4, 2, 4, 2));  // up: [in, out, kernel]
  EXPECT_THAT(specs.at(7).shape, ElementsAre(4));
}

TEST(RequiredTensors, OfATransposedTuckerConvolutionHaveTheCoresModesInTheOrderOfATransposedWeight) {
  LayerGraph graph = Graph();
  MakeTucker(Named(graph, "up"));
  std::vector<TensorSpec> specs;
  for (const TensorSpec& spec : RequiredTensors(graph))
    if (spec.name.starts_with("up.")) specs.push_back(spec);
  ASSERT_EQ(specs.size(), 4U);
  EXPECT_EQ(specs[0].name, "up.in_factor");
  EXPECT_THAT(specs[0].shape, ElementsAre(6, 5));
  EXPECT_EQ(specs[1].name, "up.core");
  EXPECT_THAT(specs[1].shape, ElementsAre(5, 2, 2, 4, 2));  // [rank_in, rank_out, kernel]
  EXPECT_EQ(specs[2].name, "up.out_factor");
  EXPECT_THAT(specs[2].shape, ElementsAre(4, 2));
  EXPECT_EQ(specs[3].name, "up.bias");
  EXPECT_THAT(specs[3].shape, ElementsAre(4));
}

TEST(FeatureShapes, FollowStridesDownAndUp) {
  LayerGraph graph = Graph();
  MakeTucker(Named(graph, "up"));
  const Size3 whole{4, 8, 4};
  EXPECT_THAT(FeatureShapes(graph, whole), ElementsAre(whole, whole, Size3{4, 4, 2}, Size3{2, 2, 2}, whole, whole, whole, whole, whole, whole));
  EXPECT_THAT(FeatureShapes(Graph(), whole), FeatureShapes(graph, whole)) << "as of the layer that is whole";
}

TEST(FeatureShapes, RoundUpAtStridedConvolutionsAndDownAtPools) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "conv", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 1, .stride = {2, 1, 1}});
  AddLayer(graph, {.name = "pool", .kind = LayerKind::kAveragePool, .inputs = {0}, .in_channels = 1, .out_channels = 1, .kernel = {2, 1, 1}, .stride = {2, 1, 1}});
  EXPECT_THAT(FeatureShapes(graph, {5, 1, 1}), ElementsAre(Size3{5, 1, 1}, Size3{3, 1, 1}, Size3{2, 1, 1}));
}

TEST(RequiredTensors, AreNoneOfLayersWithoutWeights) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "relu", .kind = LayerKind::kLeakyRelu, .inputs = {0}, .in_channels = 1, .out_channels = 1});
  EXPECT_THAT(RequiredTensors(graph), IsEmpty());
}

}  // namespace
}  // namespace tuckerseg
