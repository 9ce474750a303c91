#include "compression/calibrate/calibration_memory.h"

#include <gtest/gtest.h>

#include "compression/rank/architecture.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

TEST(FeatureBytes, AreThoseOfTheLayersThatAreAliveAtOnceTwiceForEachPatch) {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "a", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 10, .kernel = {3, 3, 3}});
  AddLayer(graph, {.name = "b", .kind = LayerKind::kConvolution, .inputs = {1}, .in_channels = 10, .out_channels = 20, .kernel = {3, 3, 3}});
  AddLayer(graph, {.name = "c", .kind = LayerKind::kConvolution, .inputs = {2}, .in_channels = 20, .out_channels = 2, .kernel = {3, 3, 3}});
  // The second layer reads ten channels and writes twenty: more are never there.
  EXPECT_EQ(FeatureBytes(graph, {4, 4, 4}, 1), 2 * 4 * 64 * 30);
  EXPECT_EQ(FeatureBytes(graph, {4, 4, 4}, 5), 5 * FeatureBytes(graph, {4, 4, 4}, 1));
}

TEST(FeatureBytes, OfThePapersNetworkAreGibibytes) {
  const Network network = PaperNetwork("1.5mm");
  const int64_t bytes = FeatureBytes(network.graph, {96, 96, 96}, 16);
  EXPECT_GT(bytes, int64_t{8} << 30);
  EXPECT_LT(bytes, int64_t{32} << 30);
}

TEST(RegressionBytes, AreSquaresOfRanksTimesTaps) {
  const LayerGraph graph = TinyUnet(8, 4);
  EXPECT_EQ(RegressionBytes(graph, {}), 0);
  EXPECT_EQ(RegressionBytes(graph, {{"encoder.1.conv", {4, 2}}}), 6 * 8 * (4 * 27) * (4 * 27));
}

}  // namespace
}  // namespace tuckerseg
