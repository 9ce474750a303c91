/// What `decompose` shows while it works and at its end.
#pragma once

#include <cstddef>
#include <string>

#include "compression/rank/layer_cost.h"
#include "engine/model/bundle.h"
#include "engine/model/variant.h"

namespace tuckerseg {

/// On standard error: one line that is written over on a terminal; elsewhere one for each whole piece of work.
void ShowDecomposing(const std::string& what, size_t done, size_t total);

/// What every level costs beside the original: parameters, multiply-adds of a patch, bytes of the tensors it runs with; and, where `seconds` is given (a
/// budget of latency), what its layers take one by one.
std::string LevelsTable(const Bundle& bundle, const VariantFiles& files, const LayerCost& seconds);
/// The same as JSON (docs/compression.md).
std::string LevelsJson(const Bundle& bundle, const VariantFiles& files, const LayerCost& seconds);

}  // namespace tuckerseg
