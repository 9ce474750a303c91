#include "compression/rank/layer_cost.h"

#include <gtest/gtest.h>

#include "engine/model/cost.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

TEST(CostOf, SumsTheLayersOfAllNetworks) {
  const Network network{TinyUnet(4, 3), {8, 8, 8}};
  EXPECT_EQ(CostOf(network, ParameterCost), static_cast<double>(ParameterCount(network.graph)));
  EXPECT_EQ(CostOf(network, MultiplyAddCost), static_cast<double>(TotalMultiplyAdds(network.graph, network.patch)));
  EXPECT_EQ(CostOf({network, network}, {ParameterCost, MultiplyAddCost}), CostOf(network, ParameterCost) + CostOf(network, MultiplyAddCost));
}

TEST(CostOf, TellsTheShapeOfALayersFirstInput) {
  const Network network{TinyUnet(4, 3), {8, 8, 8}};
  const std::vector<Size3> shapes = FeatureShapes(network.graph, network.patch);
  const double layers = CostOf(network, [&](const Layer& layer, const Size3& shape) {
    EXPECT_EQ(shape, shapes[static_cast<size_t>(layer.inputs.front())]) << layer.name;
    return 1.0;
  });
  EXPECT_EQ(layers, static_cast<double>(network.graph.layers.size() - 1)) << "all but the input";
}

}  // namespace
}  // namespace tuckerseg
