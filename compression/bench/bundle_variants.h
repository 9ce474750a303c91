/// The variants of a bundle on disk, ready to be measured.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compression/bench/patch_latency.h"
#include "engine/model/bundle.h"
#include "engine/model/card.h"

namespace tuckerseg {

/// One level, the original or a variant's.
struct BundleVariant {
  std::string name;
  Bundle bundle;                    ///< in the form of the level
  std::filesystem::path directory;  ///< which holds its card
  Card fresh_card;                  ///< what a card says of a level that was never evaluated: what it is and what it costs
};

/// The original and all levels of all variants under `directory`, or those that `names` names, in its order; none named: all.
/// Errors: as LoadBundle and LoadVariant; kNotFound for a name that is none of the bundle's, listing them.
std::vector<BundleVariant> LoadBundleVariants(const std::filesystem::path& directory, const std::vector<std::string>& names);

/// A patch of each of the variant's parts, the first fold's weights; without a head that a Segmenter runs on summed features (LinearHead),
/// once a voxel instead of once a patch. `patch`: instead of the parts' own.
/// Errors: kInvalidArgument for a patch that does not fit a part's graph.
VariantNetworks NetworksOf(const BundleVariant& variant, const std::optional<Size3>& patch);

}  // namespace tuckerseg
