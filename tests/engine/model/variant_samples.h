/// Small models and variants of them, for tests of whoever reads or writes variants.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/variant.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {

/// The graph with one convolution, transposed or not, in Tucker form.
inline LayerGraph Decomposed(LayerGraph graph, const std::string& name, int64_t rank_in, int64_t rank_out) {
  Layer& layer = *std::find_if(graph.layers.begin(), graph.layers.end(), [&](const Layer& l) { return l.name == name; });
  layer.kind = IsTransposed(layer.kind) ? LayerKind::kTuckerTransposedConvolution : LayerKind::kTuckerConvolution;
  layer.rank_in = rank_in;
  layer.rank_out = rank_out;
  return graph;
}

/// TinyUnet(4, 3) with Tucker layers: decoder.0.conv (8 -> 4 channels) of ranks (`in`, `out`), up (8 -> 4) of the same.
inline LayerGraph TuckerUnet(int64_t in, int64_t out) { return Decomposed(Decomposed(TinyUnet(4, 3), "decoder.0.conv", in, out), "up", in, out); }

/// Parts "organs" and "ribs", each a TinyUnet(4, 3); the model names a checksum of its weights.
inline Model TwoPartModel() {
  Model model = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1).model;
  model.parts.push_back(model.parts.front());
  model.parts[0].name = "organs";
  model.parts[1].name = "ribs";
  model.provenance.weights_sha256 = std::string(64, 'a');
  return model;
}

/// TwoPartModel with random weights.
inline Bundle TwoPartBundle() {
  Bundle bundle{TwoPartModel(), {}};
  for (const ModelPart& part : bundle.model.parts) bundle.weights.push_back(RandomWeights(part.graph, "fold_0.", 1));
  return bundle;
}

/// Levels "large" (0.5, default), "small" (0.25, no default) and "odd" (no number) of TwoPartModel.
inline Variant ElasticVariant() {
  const Model model = TwoPartModel();
  Variant variant{.model = model.name,
                  .model_sha256 = model.provenance.weights_sha256,
                  .method = "hooi",
                  .grid = 2,
                  .calibration = "two CTs",
                  .tuning = {"50 epochs", "elastic"},
                  .seen_cases = {"00c0ffee", "9e02aa35"},
                  .levels = {},
                  .weights_sha256 = std::string(64, 'b')};
  variant.levels.push_back({"large", 0.5, true, {TuckerUnet(6, 4), TuckerUnet(5, 3)}});
  variant.levels.push_back({"small", 0.25, false, {TuckerUnet(2, 2), TuckerUnet(5, 1)}});
  variant.levels.push_back({"odd", {}, false, {TuckerUnet(6, 1), TuckerUnet(1, 3)}});
  return variant;
}

/// ElasticVariant with random weights for every part of its largest level.
inline VariantFiles ElasticFiles() {
  VariantFiles files{ElasticVariant(), {}};
  for (unsigned part = 0; part < 2; ++part) files.weights.push_back(RandomWeights(files.variant.levels.front().graphs[part], "fold_0.", part + 1));
  return files;
}

}  // namespace tuckerseg
