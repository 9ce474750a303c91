#include "compression/rank/layer_cost.h"

#include "engine/model/cost.h"

namespace tuckerseg {

double ParameterCost(const Layer& layer, const Size3&) { return static_cast<double>(ParameterCount(layer)); }

double MultiplyAddCost(const Layer& layer, const Size3& input_shape) { return static_cast<double>(MultiplyAdds(layer, input_shape)); }

double CostOf(const Network& network, const LayerCost& cost) {
  const std::vector<Size3> shapes = FeatureShapes(network.graph, network.patch);
  double sum = 0;
  for (size_t i = 1; i < network.graph.layers.size(); ++i) {
    const Layer& layer = network.graph.layers[i];
    sum += cost(layer, shapes[static_cast<size_t>(layer.inputs.front())]);
  }
  return sum;
}

double CostOf(const std::vector<Network>& networks, const std::vector<LayerCost>& costs) {
  double sum = 0;
  for (size_t i = 0; i < networks.size(); ++i) sum += CostOf(networks[i], costs.at(i));
  return sum;
}

}  // namespace tuckerseg
