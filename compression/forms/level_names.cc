#include "compression/forms/level_names.h"

#include <algorithm>
#include <optional>

#include "engine/error.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

constexpr auto kVariants = "variants";
constexpr auto kVariantFile = "variant.json";

/// Absolute, without a slash at its end: the directory itself may not be there yet.
fs::path Place(const fs::path& directory) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(fs::absolute(directory, error), error);
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

std::vector<std::string> LevelNames(const Variant& variant) {
  std::vector<std::string> names;
  for (const VariantLevel& level : variant.levels) names.push_back(level.name);
  return names;
}

std::vector<ListedVariant> ListVariants(const fs::path& bundle, const Model& model) {
  std::vector<ListedVariant> listed;
  for (const fs::path& directory : FindVariants(bundle)) {
    ListedVariant entry{directory, {}};
    const std::optional<std::string> json = ReadWholeFile(directory / kVariantFile);
    try {
      if (json) entry.levels = LevelNames(ParseVariant(*json, model));
    } catch (const Error&) {
    }
    listed.push_back(std::move(entry));
  }
  return listed;
}

void RequireFreeNames(const fs::path& bundle, const Model& model, const fs::path& output, const std::vector<std::string>& names, const std::string& option) {
  const fs::path place = Place(output);
  if (place.parent_path() != Place(bundle / kVariants)) return;
  for (const ListedVariant& variant : ListVariants(bundle, model)) {
    if (Place(variant.directory) == place) continue;
    for (const std::string& name : names) {
      if (std::find(variant.levels.begin(), variant.levels.end(), name) == variant.levels.end()) continue;
      throw Error(ErrorCode::kFailedPrecondition, option + " = " + name + ": is a level of " + (fs::path(kVariants) / variant.directory.filename()).string() +
                                                      " already: must be another name, or another --output than in the bundle");
    }
  }
}

}  // namespace tuckerseg
