/// The variants of a bundle on disk, ready to be measured.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compression/bench/patch_latency.h"
#include "engine/model/bundle.h"
#include "engine/model/json_text.h"

namespace tuckerseg {

/// One level, the original or a variant's.
struct BundleVariant {
  std::string name;
  Bundle bundle;                    ///< in the form of the level
  std::filesystem::path directory;  ///< which holds its card
  std::string weights_sha256;       ///< of the weights in that directory
  Json cost_card;                   ///< CostCard: what a new card begins with
};

/// The original and all levels of all variants under `directory`, or those that `names` names, in its order; none named: all.
/// Errors: as LoadBundle and LoadVariant; kNotFound for a name that is none of the bundle's, listing them.
std::vector<BundleVariant> LoadBundleVariants(const std::filesystem::path& directory, const std::vector<std::string>& names);

/// A patch of each of the variant's parts, the first fold's weights; without a head that a Segmenter runs on summed features (LinearHead),
/// once a voxel instead of once a patch. `patch`: instead of the parts' own.
/// Errors: kInvalidArgument for a patch that does not fit a part's graph.
VariantNetworks NetworksOf(const BundleVariant& variant, const std::optional<Size3>& patch);

}  // namespace tuckerseg
