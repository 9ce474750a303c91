/// The variants that lie in a bundle with the names of their levels, as far as their descriptions can be read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/model/variant.h"

namespace tuckerseg {

struct ListedVariant {
  std::filesystem::path directory;
  std::vector<std::string> levels;  ///< empty where variant.json cannot be read: such a one has no level to be found by; loaded, it says what is wrong
};

std::vector<std::string> LevelNames(const Variant& variant);

/// In the order of their directories.
std::vector<ListedVariant> ListVariants(const std::filesystem::path& bundle, const Model& model);

/// Whether levels of these names may be written to `output`: requests ask for levels by name, so that no two in a bundle's variants can have one. What lies in `output` itself is
/// to be replaced, and an output elsewhere takes no name away. Errors: kFailedPrecondition that names the variant which has a level of that name; `option` is what to change.
void RequireFreeNames(const std::filesystem::path& bundle, const Model& model, const std::filesystem::path& output, const std::vector<std::string>& names,
                      const std::string& option);

}  // namespace tuckerseg
