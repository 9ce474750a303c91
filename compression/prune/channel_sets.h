/// Which channels of a graph are one and the same for pruning: those that norms, activations, concatenations and sums tie together.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Places in LayerGraph::layers and of an output channel there.
struct ChannelPlace {
  size_t layer = 0;
  size_t channel = 0;
  bool operator==(const ChannelPlace&) const = default;
};

/// All output channels that must be kept or removed together: a convolution's and what norms, activations and pools make of it, its
/// places in concatenations, and whatever it is added to. Ascending by layer, then by channel.
using ChannelSet = std::vector<ChannelPlace>;

/// Sets that compete: those of one convolution, or of several whose outputs are added somewhere.
struct ChannelGroup {
  std::vector<ChannelSet> sets;  ///< ascending by their first place
  bool fixed = false;            ///< holds the network's input or its output, whose channels mean something outside
};

/// Every output channel of every layer is in exactly one set, every set in exactly one group. Groups ascend by their first layer.
/// Errors: kInvalidArgument that names a layer in Tucker form: what is pruned are whole networks.
std::vector<ChannelGroup> FindChannelGroups(const LayerGraph& graph);

}  // namespace tuckerseg
