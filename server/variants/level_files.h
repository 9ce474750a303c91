/// Where the weights of a level are read from, whenever it is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/model/bundle.h"
#include "engine/model/model.h"

namespace tuckerseg {

struct LevelFiles {
  std::filesystem::path directory;        ///< the bundle's; of a compressed level its variant's
  std::shared_ptr<const Model> original;  ///< as model.json describes it
  std::optional<size_t> place;            ///< among its variant's levels; none: the original
  std::string weights_sha256;             ///< as the variant's, or the bundle's, JSON says; empty: it does not say
};

/// Of the weights' files, as far as they are there: what ReadLevel() holds meanwhile. Never throws for one that is not.
int64_t WeightFilesBytes(const LevelFiles& files);

/// Reads and checks the files: every tensor, and the checksum where there is one. The weights are all of the file's bytes, which nobody should keep: Segmenter
/// copies what it needs and lets go of them.
/// `described`: the model in the level's form, as it was when the level was found.
/// Errors: as LoadBundle, LoadVariant and BundleOf; kFailedPrecondition if other files are there by now.
Bundle ReadLevel(const LevelFiles& files, const Model& described);

}  // namespace tuckerseg
