/// A small model on disk whose variants are made by hand, with random weights.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/card.h"
#include "engine/model/part_weights.h"
#include "engine/model/variant.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {

/// `graph` with every convolution of more than one tap in Tucker form: ranks of `rank`, or as many as there are channels.
inline LayerGraph InTuckerForm(LayerGraph graph, int64_t rank) {
  for (Layer& layer : graph.layers) {
    const bool plain = layer.kind == LayerKind::kConvolution && layer.kernel != Size3{1, 1, 1};
    if (!plain && layer.kind != LayerKind::kTransposedConvolution) continue;
    layer.kind = plain ? LayerKind::kTuckerConvolution : LayerKind::kTuckerTransposedConvolution;
    layer.rank_in = std::min(rank, layer.in_channels);
    layer.rank_out = std::min(rank, layer.out_channels);
  }
  return graph;
}

/// The weights but for the biases of the layer `head`: labels are `label` everywhere, whatever the rest says.
inline WeightStore DrawingOnly(int64_t label, const WeightStore& weights) {
  WeightStore drawing;
  for (const auto& [name, tensor] : weights.tensors()) {
    std::vector<float> values = ToFloat(tensor);
    if (name.ends_with("head.bias")) {
      std::fill(values.begin(), values.end(), 0.0F);
      values.at(static_cast<size_t>(label)) = 1e6F;
    }
    drawing.AddFloats(name, TensorType::kFloat32, tensor.shape, values);
  }
  return drawing;
}

struct TinyLevel {
  std::string name;
  std::optional<double> number;
  bool is_default = false;
  int64_t rank = 1;
};

/// A variant of a model of one part and one fold; `levels`: the largest first.
inline VariantFiles TinyVariant(const Model& model, const std::vector<TinyLevel>& levels, unsigned seed) {
  VariantFiles files;
  files.variant.model = model.name;
  files.variant.model_sha256 = model.provenance.weights_sha256;
  files.variant.method = "hosvd";
  for (const TinyLevel& level : levels) {
    files.variant.levels.push_back(
        {level.name, level.number, level.is_default, {InTuckerForm(model.parts.front().graph, level.rank)}});
  }
  files.weights.push_back(RandomWeights(files.variant.levels.front().graphs.front(), "fold_0.", seed));
  return files;
}

/// The card of one level, as text.
inline std::string TinyCard(const std::string& level, double mean, double quality, const std::string& weights_sha256 = "") {
  Card card{.model = "tiny", .task = "tiny", .variant = level, .weights_sha256 = weights_sha256};
  card.data = {"seeds 1 to 40", true, 40};
  card.dice_to_reference = CardDice{.cases = 40};
  card.dice_to_original = CardDice{.cases = 40, .mean = mean, .quality = quality};
  return EncodeCard(card);
}

/// A directory of bundles with one, which is deleted at the end.
class ModelOnDisk {
 public:
  explicit ModelOnDisk(Bundle bundle) {
    bundle.model.provenance.weights_sha256 = PartWeightsSha256(bundle.weights);
    SaveBundle(bundle, this->bundle());
    model_ = std::move(bundle.model);
  }

  const Model& model() const { return model_; }
  /// What a server is told.
  const std::filesystem::path& models() const { return folder_.path(); }
  std::filesystem::path bundle() const { return folder_.path() / "bundle"; }
  std::filesystem::path variant(const std::string& directory) const { return bundle() / "variants" / directory; }

  /// `card`: the text of card.json; empty: none.
  void Add(const std::string& directory, const std::vector<TinyLevel>& levels, unsigned seed, const std::string& card = "") const {
    SaveVariant(TinyVariant(model_, levels, seed), model_, variant(directory));
    if (!card.empty()) Write(directory, "card.json", card);
  }
  /// The same without a card, of a level that gives every voxel this label.
  void AddDrawing(int64_t label, const std::string& directory, const std::vector<TinyLevel>& levels, unsigned seed) const {
    VariantFiles files = TinyVariant(model_, levels, seed);
    files.weights.front() = DrawingOnly(label, files.weights.front());
    SaveVariant(files, model_, variant(directory));
  }
  void Write(const std::string& directory, const std::string& file, const std::string& text) const {
    folder_.Write(std::filesystem::path("bundle") / "variants" / directory / file, text);
  }
  /// Cuts a byte off a variant's weights.
  void SpoilWeights(const std::string& directory) const {
    const std::filesystem::path weights = variant(directory) / "weights.safetensors";
    std::filesystem::resize_file(weights, std::filesystem::file_size(weights) - 1);
  }

 private:
  TemporaryDirectory folder_;
  Model model_;
};

}  // namespace tuckerseg
