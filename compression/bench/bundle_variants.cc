#include "compression/bench/bundle_variants.h"

#include <algorithm>
#include <utility>

#include "compression/bench/random_network.h"
#include "engine/error.h"
#include "engine/model/cost.h"
#include "engine/model/variant.h"
#include "engine/segment/linear_head.h"

namespace tuckerseg {
namespace {

/// `method`, `level`: empty and nothing for the original.
Card FreshCard(const Bundle& bundle, const std::string& level_name, const std::string& method, std::optional<double> level,
               const std::string& weights_sha256) {
  Card card{.model = bundle.model.name, .task = bundle.model.task, .variant = level_name, .method = method, .level = level, .weights_sha256 = weights_sha256};
  card.parameters = ParameterCount(bundle.model);
  card.multiply_adds_per_patch = TotalMultiplyAdds(bundle.model);
  int64_t bytes = 0;
  for (const WeightStore& weights : bundle.weights) bytes += weights.TotalBytes();
  card.weight_bytes = bytes;
  return card;
}

std::vector<BundleVariant> AllVariants(const std::filesystem::path& directory) {
  const Bundle original = LoadBundle(directory);
  const Model& model = original.model;
  std::vector<BundleVariant> variants;
  variants.push_back({kOriginal, original, directory, FreshCard(original, kOriginal, "", {}, model.provenance.weights_sha256)});
  for (const std::filesystem::path& place : FindVariants(directory)) {
    const VariantFiles files = LoadVariant(place, model);
    for (size_t i = 0; i < files.variant.levels.size(); ++i) {
      const VariantLevel& level = files.variant.levels[i];
      Bundle bundle = BundleOf(model, files, i);
      Card card = FreshCard(bundle, level.name, files.variant.method, level.level, files.variant.weights_sha256);
      variants.push_back({level.name, std::move(bundle), place, std::move(card)});
    }
  }
  return variants;
}

}  // namespace

std::vector<BundleVariant> LoadBundleVariants(const std::filesystem::path& directory, const std::vector<std::string>& names) {
  std::vector<BundleVariant> all = AllVariants(directory);
  if (names.empty()) return all;
  std::vector<BundleVariant> chosen;
  for (const std::string& name : names) {
    const auto named = std::find_if(all.begin(), all.end(), [&](const BundleVariant& v) { return v.name == name; });
    if (named == all.end()) {
      std::string known;
      for (const BundleVariant& variant : all) known += (known.empty() ? "" : ", ") + variant.name;
      throw Error(ErrorCode::kNotFound, "variant " + name + ": must be one of " + known);
    }
    chosen.push_back(*named);
  }
  return chosen;
}

VariantNetworks NetworksOf(const BundleVariant& variant, const std::optional<Size3>& patch) {
  VariantNetworks networks{variant.name, {}};
  for (size_t i = 0; i < variant.bundle.model.parts.size(); ++i) {
    const ModelPart& part = variant.bundle.model.parts[i];
    const Size3 used = patch.value_or(part.patch_size);
    CheckPatchFits(used, part.graph);
    networks.networks.push_back({LinearHead::Pays(part) ? LinearHead::TrunkOf(part.graph) : part.graph, variant.bundle.weights[i],
                                 "fold_" + part.folds.front() + ".", used});
  }
  return networks;
}

}  // namespace tuckerseg
