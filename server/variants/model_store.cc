#include "server/variants/model_store.h"

#include <utility>

#include "engine/error.h"
#include "engine/model/variant.h"
#include "server/variants/level_cards.h"
#include "server/variants/variant_levels.h"

namespace tuckerseg {
namespace {

void RefuseNonCommercial(const Model& model) {
  if (!model.provenance.non_commercial) return;
  throw Error(ErrorCode::kFailedPrecondition, "licence = " + model.provenance.licence +
                                                  ": must allow commercial use, or `allow_non_commercial` be true in the configuration");
}

/// The original agrees with itself, whatever its card says.
Card AsOriginal(Card card) {
  card.dice_to_original = CardDice{.mean = 1, .quality = 1};
  return card;
}

/// What lies beside the original on disk: its card and the variants.
void AddFromDisk(const std::filesystem::path& bundle, const std::vector<ExecutorFactory>& factories, LoadedModel& loaded) {
  const Model& model = loaded.model();
  const auto cards = ReadLevelCards(bundle, model.provenance.weights_sha256, model.task);
  const auto found = cards.find(kOriginal);
  if (found != cards.end()) loaded.levels.front().card = AsOriginal(found->second);
  for (ServedLevel& level : LoadVariantLevels(bundle, model, factories)) loaded.levels.push_back(std::move(level));
}

}  // namespace

LoadedModel::LoadedModel(const Bundle& bundle, const std::vector<ExecutorFactory>& factories) {
  ServedLevel& level = levels.emplace_back();
  level.name = kOriginal;
  level.card = AsOriginal({});
  MakeReady(level, bundle, factories);
}

ModelStore::ModelStore(const std::filesystem::path& directory, const std::vector<ExecutorFactory>& factories, bool allow_non_commercial) {
  const std::vector<std::filesystem::path> bundles = FindBundles(directory);
  if (bundles.empty()) {
    throw Error(ErrorCode::kNotFound, "--models " + directory.string() + ": holds no bundle; must be a directory of directories with model.json");
  }
  for (const std::filesystem::path& path : bundles) {
    try {
      const Bundle bundle = LoadBundle(path);
      if (!allow_non_commercial) RefuseNonCommercial(bundle.model);
      AddFromDisk(path, factories, Add(bundle, factories));
    } catch (const Error& error) {
      // The operator's own directory name: no data of patients.
      throw Error(error.code(), "bundle " + path.filename().string() + ": " + error.what());
    }
  }
}

ModelStore::ModelStore(const std::vector<Bundle>& bundles, const std::vector<ExecutorFactory>& factories) {
  for (const Bundle& bundle : bundles) Add(bundle, factories);
}

LoadedModel& ModelStore::Add(const Bundle& bundle, const std::vector<ExecutorFactory>& factories) {
  const std::string& task = bundle.model.task;
  if (models_.contains(task)) throw Error(ErrorCode::kInvalidArgument, "task " + task + ": is served by another bundle already");
  return models_.try_emplace(task, bundle, factories).first->second;
}

const Model* ModelStore::FindModel(const std::string& task) const {
  const auto found = models_.find(task);
  return found == models_.end() ? nullptr : &found->second.model();
}

Segmenter* ModelStore::FindSegmenter(const std::string& task, size_t device) const {
  const auto found = models_.find(task);
  return found == models_.end() ? nullptr : found->second.original().segmenters.at(device).get();
}

const LoadedModel& ModelStore::Find(const std::string& task) const {
  const auto found = models_.find(task.empty() ? (models_.size() == 1 ? models_.begin()->first : "total") : task);
  if (found != models_.end()) return found->second;
  std::string known;
  for (const auto& [name, model] : models_) known += (known.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::kNotFound, "task = " + task + ": must be one of " + known);
}

}  // namespace tuckerseg
