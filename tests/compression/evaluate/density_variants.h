/// Variants of the density model whose label maps are known: its only convolution in Tucker form.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/part_weights.h"
#include "engine/model/variant.h"
#include "tests/compression/evaluate/density_model.h"

namespace tuckerseg {

/// `rank_out` 3 draws what the model draws. 2 cuts off the liver's channel: livers become spleen.
struct DensityLevel {
  std::string name;
  double level = 1;
  int64_t rank_out = 3;
};

/// The first level must be of rank 3. `liver_slope` 2 is the model's own; with 1.8 liver begins at 344 HU, amid that of the sphere cases.
inline VariantFiles DensityVariant(const Model& model, const std::vector<DensityLevel>& levels, float liver_slope = 2) {
  VariantFiles files;
  files.variant.model = model.name;
  files.variant.model_sha256 = model.provenance.weights_sha256;
  files.variant.method = "hosvd";
  for (const DensityLevel& level : levels) {
    LayerGraph graph = model.parts.front().graph;
    Layer& head = graph.layers.back();
    head.kind = LayerKind::kTuckerConvolution;
    head.rank_in = 1;
    head.rank_out = level.rank_out;
    files.variant.levels.push_back({.name = level.name, .level = level.level, .is_default = false, .graphs = {graph}});
  }
  WeightStore weights;
  const auto add = [&](const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
    weights.AddFloats("fold_0.head." + name, TensorType::kFloat32, std::move(shape), values);
  };
  add("in_factor", {1, 1}, {1});
  add("core", {3, 1, 1, 1, 1}, {0, 1, liver_slope});
  add("out_factor", {3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  add("bias", {3}, {0, -0.2F, -0.75F});
  files.weights.push_back(std::move(weights));
  return files;
}

/// With the checksum that an importer would have given it, by which variants know their model.
inline void SaveWithChecksum(Bundle bundle, const std::filesystem::path& directory) {
  bundle.model.provenance.weights_sha256 = PartWeightsSha256(bundle.weights);
  SaveBundle(bundle, directory);
}

/// A density bundle in `directory` with the variants `whole` (draws as the original), `damaged` and `elastic` (levels `wide`, as the
/// original, and `narrow`).
inline void SaveDensityBundle(const std::filesystem::path& directory) {
  SaveWithChecksum(DensityBundle(), directory);
  const Model model = LoadBundle(directory).model;
  std::filesystem::create_directories(directory / "variants");
  SaveVariant(DensityVariant(model, {{"whole", 0.9, 3}}), model, directory / "variants" / "whole");
  SaveVariant(DensityVariant(model, {{"damaged", 0.5, 3}}, 1.8F), model, directory / "variants" / "damaged");
  SaveVariant(DensityVariant(model, {{"wide", 0.8, 3}, {"narrow", 0.4, 2}}), model, directory / "variants" / "elastic");
}

}  // namespace tuckerseg
