/// The forms of a model that a program runs beside one another: the original, and levels of variants by their names.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/model/bundle.h"

namespace tuckerseg {

struct ModelForm {
  std::string name;             ///< `original`, or the level's
  std::string method;           ///< `original`, or the variant's
  std::optional<double> level;
  bool tuned = false;           ///< trained after it was made
  std::string weights_sha256;   ///< of the bundle, or of the whole variant
  std::filesystem::path directory;   ///< where its card.json lies
  std::vector<std::string> siblings; ///< names of all levels in `directory`, itself among them, in the variant's order
  std::set<std::string> seen_cases;  ///< Variant::seen_cases of the variant that it is of, whatever its level
  Bundle bundle;                     ///< ready for a Segmenter
};

/// The original, then the levels of the variants that `wanted` names, in that order: each is a name in BUNDLE/variants, or a directory of a
/// variant (all its levels), the name of one level, or `all`. A level that is named twice comes once; `original` may be named.
/// Errors: kNotFound that says what there is for a name that is none of these; kInvalidArgument for levels of two variants with one
/// name; as LoadBundle's and LoadVariant's.
std::vector<ModelForm> LoadForms(const std::filesystem::path& bundle, const std::vector<std::string>& wanted);

/// The original, then all levels of all variants in BUNDLE/variants, in the order of directories. Errors: as LoadForms'.
std::vector<ModelForm> LoadAllForms(const std::filesystem::path& bundle);

}  // namespace tuckerseg
