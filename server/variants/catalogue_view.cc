#include "server/variants/catalogue_view.h"

#include <algorithm>

#include "engine/error.h"

namespace tuckerseg {

bool CatalogueModel::CanServe(const std::set<size_t>& stuck) const {
  return std::any_of(levels.begin(), levels.end(), [&stuck](const ServedLevel& level) { return level.CanRun(stuck); });
}

const CatalogueModel& CatalogueView::Find(const std::string& task) const {
  const auto found = models.find(task.empty() ? (models.size() == 1 ? models.begin()->first : "total") : task);
  if (found != models.end()) return found->second;
  if (models.empty()) throw Error(ErrorCode::kNotFound, "task = " + task + ": no model is served yet");
  std::string known;
  for (const auto& [name, model] : models) known += (known.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::kNotFound, "task = " + task + ": must be one of " + known);
}

const ServedLevel* CatalogueView::FindOriginal(const std::string& task) const {
  const auto found = models.find(task);
  return found == models.end() ? nullptr : &found->second.original();
}

const Model* CatalogueView::FindModel(const std::string& task) const {
  const ServedLevel* original = FindOriginal(task);
  return original == nullptr ? nullptr : original->model.get();
}

std::vector<std::string> BrokenModels(const CatalogueView& view) {
  std::vector<std::string> mistakes;
  for (const BrokenBundle& broken : view.broken) mistakes.push_back("bundle " + broken.directory + ": " + broken.error);
  for (const auto& [task, model] : view.models) {
    if (!model.original().ready()) mistakes.push_back("bundle " + model.directory + ": " + model.original().error);
  }
  if (view.models.empty() && view.broken.empty()) mistakes.emplace_back("models: holds no bundle; must be a directory of directories with model.json");
  return mistakes;
}

bool CatalogueView::CanServe(const std::set<size_t>& stuck) const {
  return std::any_of(models.begin(), models.end(), [&stuck](const auto& model) { return model.second.CanServe(stuck); });
}

}  // namespace tuckerseg
