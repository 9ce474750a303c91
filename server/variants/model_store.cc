#include "server/variants/model_store.h"

#include <utility>

#include "engine/error.h"
#include "engine/model/bundle.h"

namespace tuckerseg {
namespace {

int64_t CountParameters(const Bundle& bundle) {
  int64_t count = 0;
  for (const WeightStore& weights : bundle.weights)
    for (const auto& [name, tensor] : weights.tensors()) count += tensor.ElementCount();
  return count;
}

int64_t CountBytes(const Bundle& bundle) {
  int64_t bytes = 0;
  for (const WeightStore& weights : bundle.weights) bytes += weights.TotalBytes();
  return bytes;
}

void RefuseNonCommercial(const Model& model) {
  if (!model.provenance.non_commercial) return;
  throw Error(ErrorCode::kFailedPrecondition, "licence = " + model.provenance.licence +
                                                  ": must allow commercial use, or `allow_non_commercial` be true in the configuration");
}

}  // namespace

LoadedModel::LoadedModel(Bundle bundle, const ExecutorFactory& factory)
    : parameters(CountParameters(bundle)), weight_bytes(CountBytes(bundle)), segmenter(std::move(bundle), factory) {}

ModelStore::ModelStore(const std::filesystem::path& directory, const ExecutorFactory& factory, bool allow_non_commercial) {
  const std::vector<std::filesystem::path> bundles = FindBundles(directory);
  if (bundles.empty()) {
    throw Error(ErrorCode::kNotFound, "--models " + directory.string() + ": holds no bundle; must be a directory of directories with model.json");
  }
  for (const std::filesystem::path& path : bundles) {
    try {
      Bundle bundle = LoadBundle(path);
      if (!allow_non_commercial) RefuseNonCommercial(bundle.model);
      Add(std::move(bundle), factory);
    } catch (const Error& error) {
      // The operator's own directory name: no data of patients.
      throw Error(error.code(), "bundle " + path.filename().string() + ": " + error.what());
    }
  }
}

ModelStore::ModelStore(std::vector<Bundle> bundles, const ExecutorFactory& factory) {
  for (Bundle& bundle : bundles) Add(std::move(bundle), factory);
}

void ModelStore::Add(Bundle bundle, const ExecutorFactory& factory) {
  const std::string task = bundle.model.task;
  if (models_.contains(task)) throw Error(ErrorCode::kInvalidArgument, "task " + task + ": is served by another bundle already");
  models_.emplace(task, std::make_unique<LoadedModel>(std::move(bundle), factory));
}

Segmenter* ModelStore::FindSegmenter(const std::string& task) const {
  const auto found = models_.find(task);
  return found == models_.end() ? nullptr : &found->second->segmenter;
}

LoadedModel& ModelStore::Find(const std::string& task) const {
  const auto found = models_.find(task.empty() ? (models_.size() == 1 ? models_.begin()->first : "total") : task);
  if (found != models_.end()) return *found->second;
  std::string known;
  for (const auto& [name, model] : models_) known += (known.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::kNotFound, "task = " + task + ": must be one of " + known);
}

}  // namespace tuckerseg
