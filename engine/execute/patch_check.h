/// Whether a patch is one that a network can take: asked by every executor before it runs, and where patches are asked for.
#pragma once

#include <span>
#include <string>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// Errors: kInvalidArgument unless each axis is a positive multiple of the graph's strides; an axis is named by its number between `before` and `behind`.
void CheckPatchShape(const LayerGraph& graph, const Size3& shape, const std::string& before, const std::string& behind = "");

/// `patch`: [in channels][d0][d1][d2] of `shape` = {d0, d1, d2}.
/// Errors: as CheckPatchShape; kInvalidArgument for another number of values.
void CheckPatch(const LayerGraph& graph, std::span<const float> patch, const Size3& shape);

}  // namespace tuckerseg
