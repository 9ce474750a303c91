#include "compression/rank/rewrite.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

const Layer& Named(const LayerGraph& graph, const std::string& name) {
  return *std::find_if(graph.layers.begin(), graph.layers.end(), [&](const Layer& layer) { return layer.name == name; });
}

TEST(WithRanks, PutsTheNamedConvolutionsInTuckerFormAndKeepsAllElse) {
  const LayerGraph whole = TinyUnet(4, 3);
  const LayerGraph graph = WithRanks(whole, {{"encoder.1.conv", {2, 5}}, {"up", {3, 4}}});
  Layer convolution = Named(whole, "encoder.1.conv");
  convolution.kind = LayerKind::kTuckerConvolution;
  convolution.rank_in = 2;
  convolution.rank_out = 5;
  EXPECT_EQ(Named(graph, "encoder.1.conv"), convolution);
  Layer up = Named(whole, "up");
  up.kind = LayerKind::kTuckerTransposedConvolution;
  up.rank_in = 3;
  up.rank_out = 4;
  EXPECT_EQ(Named(graph, "up"), up);
  ASSERT_EQ(graph.layers.size(), whole.layers.size());
  for (const Layer& layer : whole.layers) {
    if (layer.name != "encoder.1.conv" && layer.name != "up") {
      EXPECT_EQ(Named(graph, layer.name), layer);
    }
  }
}

TEST(WithRanks, GivesTheGraphBackForAnEmptyPlan) { EXPECT_EQ(WithRanks(TinyUnet(4, 3), {}), TinyUnet(4, 3)); }

TEST(WithRanks, RefusesLayersThatItCannotDecomposeByName) {
  const LayerGraph graph = TinyUnet(4, 3);
  ExpectError(ErrorCode::kInvalidArgument, "layer absent: must be one of the graph's", [&] { WithRanks(graph, {{"absent", {1, 1}}}); });
  ExpectError(ErrorCode::kInvalidArgument, "layer encoder.0.norm: cannot be decomposed", [&] { WithRanks(graph, {{"encoder.0.norm", {1, 1}}}); });
  const LayerGraph tucker = WithRanks(graph, {{"head", {1, 1}}});
  ExpectError(ErrorCode::kInvalidArgument, "layer head: cannot be decomposed: must be a convolution that is whole", [&] { WithRanks(tucker, {{"head", {1, 1}}}); });
}

TEST(WithRanks, RefusesRanksOutsideTheChannelsByName) {
  const LayerGraph graph = TinyUnet(4, 3);
  ExpectError(ErrorCode::kInvalidArgument, "layer head: rank_in = 5: must be in [1, 4]", [&] { WithRanks(graph, {{"head", {5, 1}}}); });
  ExpectError(ErrorCode::kInvalidArgument, "layer up: rank_out = 0: must be in [1, 4]", [&] { WithRanks(graph, {{"up", {1, 0}}}); });
}

}  // namespace
}  // namespace tuckerseg
