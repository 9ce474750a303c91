#include "engine/model/cost.h"

#include <gmock/gmock.h>

#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

const Layer kStrided{.name = "strided", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 4, .out_channels = 6, .kernel = {1, 3, 3}, .stride = {1, 2, 2}, .bias = true};
const Layer kTucker{.name = "tucker", .kind = LayerKind::kTuckerConvolution, .inputs = {0}, .in_channels = 4, .out_channels = 6, .kernel = {3, 3, 3}, .stride = {2, 2, 2}, .bias = true, .rank_in = 2, .rank_out = 3};
const Layer kUp{.name = "up", .kind = LayerKind::kTransposedConvolution, .inputs = {0}, .in_channels = 4, .out_channels = 2, .kernel = {2, 2, 2}, .stride = {2, 2, 2}};
const Layer kTuckerUp{.name = "tucker_up", .kind = LayerKind::kTuckerTransposedConvolution, .inputs = {0}, .in_channels = 4, .out_channels = 2, .kernel = {2, 2, 2}, .stride = {2, 2, 2}, .bias = true, .rank_in = 2, .rank_out = 1};

TEST(ParameterCount, IsOfAllTensorsOfALayer) {
  EXPECT_EQ(ParameterCount(kStrided), 6 * 4 * 9 + 6);
  EXPECT_EQ(ParameterCount(kTucker), 4 * 2 + 3 * 2 * 27 + 6 * 3 + 6);
  EXPECT_EQ(ParameterCount(kUp), 4 * 2 * 8);
  EXPECT_EQ(ParameterCount(kTuckerUp), 4 * 2 + 2 * 1 * 8 + 2 * 1 + 2);
  EXPECT_EQ(ParameterCount(Layer{.name = "norm", .kind = LayerKind::kInstanceNorm, .in_channels = 5, .out_channels = 5}), 10);
  EXPECT_EQ(ParameterCount(Layer{.name = "relu", .kind = LayerKind::kLeakyRelu, .in_channels = 5, .out_channels = 5}), 0);
}

TEST(MultiplyAdds, OfAConvolutionAreCountedAtItsOutput) { EXPECT_EQ(MultiplyAdds(kStrided, {2, 4, 4}), 6 * 4 * 9 * 8); }

TEST(MultiplyAdds, OfAStridedTuckerConvolutionHaveTheInputFactorAtTheFinerResolution) {
  EXPECT_EQ(MultiplyAdds(kTucker, {4, 4, 4}), 4 * 2 * 64 + 2 * 3 * 27 * 8 + 3 * 6 * 8);
}

TEST(MultiplyAdds, OfATransposedConvolutionAreCountedAtItsInput) { EXPECT_EQ(MultiplyAdds(kUp, {2, 2, 2}), 4 * 2 * 8 * 8); }

TEST(MultiplyAdds, OfATransposedTuckerConvolutionHaveTheOutputFactorAtTheFinerResolution) {
  EXPECT_EQ(MultiplyAdds(kTuckerUp, {2, 2, 2}), 4 * 2 * 8 + 2 * 1 * 8 * 8 + 1 * 2 * 64);
}

TEST(MultiplyAdds, AreOfConvolutionsAlone) {
  // TinyUnet(2, 3) at 4 x 4 x 2: 32 voxels above, 8 below (stride 2, 2, 1).
  const int64_t first = 1 * 2 * 9 * 32;
  const int64_t down = 2 * 4 * 27 * 8;
  const int64_t project = 2 * 4 * 8;
  const int64_t up = 4 * 2 * 4 * 8;
  const int64_t last = 4 * 2 * 27 * 32;
  const int64_t head = 2 * 3 * 32;
  const LayerGraph graph = TinyUnet(2, 3);
  EXPECT_THAT(MultiplyAdds(graph, {4, 4, 2}), ElementsAre(0, first, 0, 0, down, 0, 0, 0, project, 0, up, 0, last, 0, 0, head));
  EXPECT_EQ(TotalMultiplyAdds(graph, {4, 4, 2}), first + down + project + up + last + head);
}

TEST(TotalMultiplyAdds, AreOfOnePatchOfEachPartAndOneFold) {
  Model model = TinyBundle(TinyUnet(2, 3), {4, 4, 2}, 1).model;
  model.parts.push_back(model.parts.front());
  model.parts.back().patch_size = {8, 4, 2};
  model.parts.back().folds = {"0", "1"};
  EXPECT_EQ(TotalMultiplyAdds(model), 3 * TotalMultiplyAdds(TinyUnet(2, 3), {4, 4, 2}));
  EXPECT_EQ(ParameterCount(model), 2 * ParameterCount(TinyUnet(2, 3)));
}

}  // namespace
}  // namespace tuckerseg
