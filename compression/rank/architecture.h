/// The networks of the paper's tables, without weights.
#pragma once

#include <string>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// A layer graph and the patch that costs are told for.
struct Network {
  LayerGraph graph;
  Size3 patch{};
};

/// nnU-Net's plain U-Nets of TotalSegmentator v2: "1.5mm" (six stages, 25 outputs: part 1, organs) and "3mm" (five stages, 118 outputs).
/// Layers are named as in nnU-Net's state_dict. Errors: kInvalidArgument for another name.
Network PaperNetwork(const std::string& name);

}  // namespace tuckerseg
