/// Whether a patch is one that a network can take: asked by every executor before it runs.
#pragma once

#include <span>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// `patch`: [in channels][d0][d1][d2] of `shape` = {d0, d1, d2}.
/// Errors: kInvalidArgument, naming the axis, unless each is a positive multiple of the graph's strides; or for another number of values.
void CheckPatch(const LayerGraph& graph, std::span<const float> patch, const Size3& shape);

}  // namespace tuckerseg
