#include "compression/bench/bundle_variants.h"

#include <algorithm>
#include <utility>

#include "compression/bench/card_latency.h"
#include "compression/bench/random_network.h"
#include "engine/error.h"
#include "engine/model/variant.h"
#include "engine/segment/linear_head.h"

namespace tuckerseg {
namespace {

std::vector<BundleVariant> AllVariants(const std::filesystem::path& directory) {
  const Bundle original = LoadBundle(directory);
  const Model& model = original.model;
  std::vector<BundleVariant> variants;
  variants.push_back({kOriginal, original, directory, model.provenance.weights_sha256, CostCard(original, kOriginal, nullptr, nullptr)});
  for (const std::filesystem::path& place : FindVariants(directory)) {
    const VariantFiles files = LoadVariant(place, model);
    for (size_t i = 0; i < files.variant.levels.size(); ++i) {
      const VariantLevel& level = files.variant.levels[i];
      Bundle bundle = BundleOf(model, files, i);
      Json card = CostCard(bundle, level.name, &files.variant, &level);
      variants.push_back({level.name, std::move(bundle), place, files.variant.weights_sha256, std::move(card)});
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
