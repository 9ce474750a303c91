/// The models of a server: every bundle under a directory with its variants, loaded once.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/execute/executor.h"
#include "engine/model/bundle.h"
#include "server/variants/served_level.h"

namespace tuckerseg {

/// A model with its levels.
struct LoadedModel {
  /// The original alone, ready to run. Errors: as Segmenter's constructor.
  LoadedModel(const Bundle& bundle, const std::vector<ExecutorFactory>& factories);

  std::vector<ServedLevel> levels;  ///< the original first: it is always ready
  const ServedLevel& original() const { return levels.front(); }
  const Model& model() const { return original().segmenters.front()->model(); }
};

/// Immutable once built: thread-safe.
class ModelStore {
 public:
  /// Loads every bundle of `directory`, each with its variants, onto every device: `factories` has one for each. Bundles whose licence forbids commercial use are refused
  /// (kFailedPrecondition) unless `allow_non_commercial`: the operator's decision. A variant that cannot be run is no error: it is
  /// there as a level that is not ready. Errors: kNotFound if there is no bundle; kInvalidArgument, kDataLoss and kFailedPrecondition
  /// for one whose original cannot be run, naming its directory; kInvalidArgument if two serve the same task.
  ModelStore(const std::filesystem::path& directory, const std::vector<ExecutorFactory>& factories, bool allow_non_commercial = false);
  /// Takes bundles from memory, without variants.
  ModelStore(const std::vector<Bundle>& bundles, const std::vector<ExecutorFactory>& factories);

  /// `task` empty: the only model, or that of `total` where there are several.
  /// Errors: kNotFound that lists the tasks.
  const LoadedModel& Find(const std::string& task) const;
  /// The model of a task by its full name; null if it is not served.
  const Model* FindModel(const std::string& task) const;
  /// The original's segmenter of a task on a device; null if it is not served.
  Segmenter* FindSegmenter(const std::string& task, size_t device) const;
  const std::map<std::string, LoadedModel>& models() const { return models_; }

 private:
  LoadedModel& Add(const Bundle& bundle, const std::vector<ExecutorFactory>& factories);
  std::map<std::string, LoadedModel> models_;  // by task
};

}  // namespace tuckerseg
