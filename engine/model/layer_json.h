/// The layer list of model.json and variant.json (docs/bundle.md, layers[]).
#pragma once

#include "engine/model/json_fields.h"
#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// As on disk: "tucker_convolution".
const char* NameOf(LayerKind kind);
/// Errors: kInvalidArgument that lists the names.
LayerKind ParseLayerKind(const JsonField& field);

Json LayersJson(const LayerGraph& graph);

/// A valid graph whose output has the patch's resolution.
/// Errors: kInvalidArgument that names the field or the layer, its value and what would be right.
LayerGraph ParseLayers(const JsonField& field);

}  // namespace tuckerseg
