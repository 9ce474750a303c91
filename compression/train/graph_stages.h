/// Cuts a layer graph into stages of one resolution, between which few features go.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Layers [begin, end) and what they share with the others.
struct GraphStage {
  size_t begin = 0;
  size_t end = 0;
  std::vector<int> inputs;           ///< features of earlier layers that are read here, ascending
  std::vector<int> outputs;          ///< own features that later layers or others read, ascending; never empty
  std::vector<std::string> tensors;  ///< of these layers
};

/// The stages of all layers but the input, in order. One begins where the resolution changes, and one at the last layer, each if an
/// activation has come since the last begin. `read_outside`: layers whose features others read, too.
std::vector<GraphStage> StagesOf(const LayerGraph& graph, const std::vector<int>& read_outside);

}  // namespace tuckerseg
