/// What the layers of a network cost, in the unit of a budget.
#pragma once

#include <functional>
#include <vector>

#include "compression/rank/architecture.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// What one layer costs for one patch. `input_shape`: of its first input.
using LayerCost = std::function<double(const Layer& layer, const Size3& input_shape)>;

/// Counted, not measured.
double ParameterCost(const Layer& layer, const Size3& input_shape);
double MultiplyAddCost(const Layer& layer, const Size3& input_shape);

/// Of all layers of the network.
double CostOf(const Network& network, const LayerCost& cost);
/// Of all networks: costs[i] is networks[i]'s.
double CostOf(const std::vector<Network>& networks, const std::vector<LayerCost>& costs);

}  // namespace tuckerseg
