/// A small original, and variants of it, for tests of tuning.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <filesystem>
#include <string>
#include <vector>

#include "compression/rank/rewrite.h"
#include "compression/train/parameters.h"
#include "compression/train/training_model.h"
#include "compression/tucker/decompose.h"
#include "engine/model/part_weights.h"
#include "engine/model/variant.h"
#include "tests/compression/sphere_cases.h"

namespace tuckerseg {

/// The network of SpherePlans with random weights: what it answers has no meaning, but it is one answer. Its head is
/// strengthened, so that the classes are as far apart as a trained network's.
inline Bundle SphereBundle(uint64_t seed) {
  Bundle bundle;
  bundle.model = MakeTrainingModel(SpherePlans().dump(), {{"liver", 5}, {"spleen", 1}}, {1, 5}, {}, {});
  const ModelPart& part = bundle.model.parts.front();
  const TrainableGraph graph(part.graph, false);
  Parameters parameters = InitialParameters(graph, seed);
  parameters.at(part.graph.layers.back().name + ".weight").mul_(3);
  WeightStore weights;
  StoreParameters(parameters, graph.Tensors(), "fold_0.", TensorType::kFloat32, weights);
  bundle.weights.push_back(std::move(weights));
  bundle.model.provenance.weights_sha256 = PartWeightsSha256(bundle.weights);
  return bundle;
}

/// Every convolution of more than one input channel and a kernel over space at `share` of its channels.
inline LayerGraph AtShare(const LayerGraph& graph, double share) {
  RankPlan plan;
  for (const Layer& layer : graph.layers) {
    if (layer.kind != LayerKind::kConvolution || layer.in_channels == 1 || layer.kernel == Size3{1, 1, 1}) continue;
    plan[layer.name] = {static_cast<int64_t>(share * static_cast<double>(layer.in_channels)), static_cast<int64_t>(share * static_cast<double>(layer.out_channels))};
  }
  return WithRanks(graph, plan);
}

/// A variant by HOSVD with a level for each of `shares`, the largest first: "at0", "at1", ...
inline VariantFiles HosvdVariant(const Bundle& bundle, const std::vector<double>& shares, TensorType type = TensorType::kFloat32) {
  VariantFiles files;
  files.variant.model = bundle.model.name;
  files.variant.model_sha256 = bundle.model.provenance.weights_sha256;
  files.variant.method = "hosvd";
  for (size_t i = 0; i < shares.size(); ++i) {
    VariantLevel level{"at" + std::to_string(i), shares[i], true, {}};
    for (const ModelPart& part : bundle.model.parts) level.graphs.push_back(AtShare(part.graph, shares[i]));
    files.variant.levels.push_back(level);
  }
  for (size_t part = 0; part < bundle.model.parts.size(); ++part) {
    files.weights.push_back(DecomposePart(bundle.model.parts[part], files.variant.levels.front().graphs[part], bundle.weights[part],
                                          DecompositionMethod::kHosvd, type, 1));
  }
  return files;
}

/// Writes the bundle to `folder`/bundle and the variant to `folder`/variant.
inline void WriteModels(const Bundle& bundle, const VariantFiles& variant, const std::filesystem::path& folder) {
  SaveBundle(bundle, folder / "bundle");
  SaveVariant(variant, bundle.model, folder / "variant");
}

/// `cases` CTs without labels, in a folder of nothing else.
inline void WriteUnlabelled(const std::filesystem::path& folder, int cases) {
  for (int c = 0; c < cases; ++c) {
    WriteNifti(MakeSphereCase({16, 16, 24}, 3, {1, 5}, static_cast<uint64_t>(c)).ct, folder / ("ct_" + std::to_string(c) + ".nii.gz"));
  }
}

}  // namespace tuckerseg
