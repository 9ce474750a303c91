#include "compression/forms/model_form.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "compression/cases/case_errors.h"
#include "compression/forms/level_names.h"
#include "engine/error.h"
#include "engine/model/variant.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

constexpr auto kAll = "all";
constexpr auto kVariantFile = "variant.json";

/// "hooi-0.3; elastic (wide, narrow)".
std::string Names(const std::vector<ListedVariant>& listed) {
  std::string text;
  for (const ListedVariant& entry : listed) {
    const std::string name = entry.directory.filename().string();
    text += (text.empty() ? "" : "; ") + name;
    if (entry.levels.empty() || entry.levels == std::vector{name}) continue;
    std::string levels;
    for (const std::string& level : entry.levels) levels += (levels.empty() ? "" : ", ") + level;
    text += " (" + levels + ")";
  }
  return text;
}

/// What one wanted name stands for.
struct Choice {
  fs::path directory;
  std::string level;  ///< empty: all of them
};

std::vector<Choice> Choose(const std::string& wanted, const std::vector<ListedVariant>& listed) {
  if (wanted == kOriginal) return {};
  if (wanted == kAll) {
    if (listed.empty()) throw Error(ErrorCode::kNotFound, "--variants = all: the bundle has none: must have variants/NAME that `decompose` wrote");
    std::vector<Choice> all;
    for (const ListedVariant& entry : listed) all.push_back({entry.directory, {}});
    return all;
  }
  for (const ListedVariant& entry : listed)
    if (entry.directory.filename() == wanted) return {{entry.directory, {}}};
  std::vector<Choice> levels;
  for (const ListedVariant& entry : listed)
    if (std::find(entry.levels.begin(), entry.levels.end(), wanted) != entry.levels.end()) levels.push_back({entry.directory, wanted});
  if (levels.size() > 1) {
    throw Error(ErrorCode::kInvalidArgument, "--variants = " + wanted + ": levels of " + levels[0].directory.filename().string() + " and " +
                                                 levels[1].directory.filename().string() + " have that name: must be one of these directories");
  }
  if (!levels.empty()) return levels;
  std::error_code absent;
  if (fs::is_regular_file(fs::path(wanted) / kVariantFile, absent)) return {{wanted, {}}};
  throw Error(ErrorCode::kNotFound, "--variants = " + wanted + ": must be a directory of a variant, or " +
                                        (listed.empty() ? "one of the bundle's, which has none" : "of the bundle's: " + Names(listed)));
}

ModelForm OriginalForm(const fs::path& directory) {
  ModelForm form;
  form.name = form.method = kOriginal;
  form.directory = directory;
  form.siblings = {kOriginal};
  form.bundle = LoadBundle(directory);
  form.weights_sha256 = form.bundle.model.provenance.weights_sha256;
  return form;
}

void AddForms(const Choice& choice, const Model& model, std::vector<ModelForm>& forms) {
  const VariantFiles files = Naming("variant " + choice.directory.filename().string(), [&] { return LoadVariant(choice.directory, model); });
  const Variant& variant = files.variant;
  for (size_t i = 0; i < variant.levels.size(); ++i) {
    const VariantLevel& level = variant.levels[i];
    if (!choice.level.empty() && choice.level != level.name) continue;
    const auto known = std::find_if(forms.begin(), forms.end(), [&](const ModelForm& form) { return form.name == level.name; });
    if (known != forms.end()) {
      std::error_code ignored;
      if (fs::equivalent(known->directory, choice.directory, ignored)) continue;
      throw Error(ErrorCode::kInvalidArgument, "--variants: " + known->directory.filename().string() + " and " + choice.directory.filename().string() + " have a level " +
                                                   level.name + ": must be one of them, or another name");
    }
    forms.push_back({.name = level.name,
                     .method = variant.method,
                     .level = level.level,
                     .tuned = !variant.tuning.empty(),
                     .weights_sha256 = variant.weights_sha256,
                     .directory = choice.directory,
                     .siblings = LevelNames(variant),
                     .seen_cases = variant.seen_cases,
                     .bundle = BundleOf(model, files, i)});
  }
}

}  // namespace

std::vector<ModelForm> LoadForms(const fs::path& bundle, const std::vector<std::string>& wanted) {
  std::vector<ModelForm> forms;
  forms.push_back(OriginalForm(bundle));
  const Model model = forms.front().bundle.model;
  const std::vector<ListedVariant> listed = wanted.empty() ? std::vector<ListedVariant>() : ListVariants(bundle, model);
  for (const std::string& name : wanted)
    for (const Choice& choice : Choose(name, listed)) AddForms(choice, model, forms);
  return forms;
}

std::vector<ModelForm> LoadAllForms(const fs::path& bundle) {
  std::vector<ModelForm> forms;
  forms.push_back(OriginalForm(bundle));
  const Model model = forms.front().bundle.model;
  for (const fs::path& directory : FindVariants(bundle)) AddForms({directory, {}}, model, forms);
  return forms;
}

}  // namespace tuckerseg
