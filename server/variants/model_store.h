/// The models of a server: every bundle under a directory, loaded once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/execute/executor.h"
#include "engine/segment/segmenter.h"

namespace tuckerseg {

/// A model ready to run. The segmenter takes one volume at a time: the worker's.
struct LoadedModel {
  explicit LoadedModel(Bundle bundle, const ExecutorFactory& factory);

  int64_t parameters;
  int64_t weight_bytes;
  Segmenter segmenter;
  const Model& model() const { return segmenter.model(); }
  /// Variants that can run; the default first.
  std::vector<std::string> Variants() const { return {"original"}; }
};

/// Immutable once built: thread-safe.
class ModelStore {
 public:
  /// Loads every bundle of `directory`. Bundles whose licence forbids commercial use are refused (kFailedPrecondition) unless
  /// `allow_non_commercial`: the operator's decision. Errors: kNotFound if there is none; kInvalidArgument, kDataLoss and
  /// kFailedPrecondition for one that cannot be run, naming its directory; kInvalidArgument if two serve the same task.
  ModelStore(const std::filesystem::path& directory, const ExecutorFactory& factory, bool allow_non_commercial = false);
  /// Takes bundles from memory.
  ModelStore(std::vector<Bundle> bundles, const ExecutorFactory& factory);

  /// `task` empty: the only model, or that of `total` where there are several.
  /// Errors: kNotFound that lists the tasks.
  LoadedModel& Find(const std::string& task) const;
  /// The segmenter of a task by its full name; null if it is not served.
  Segmenter* FindSegmenter(const std::string& task) const;
  const std::map<std::string, std::unique_ptr<LoadedModel>>& models() const { return models_; }

 private:
  void Add(Bundle bundle, const ExecutorFactory& factory);
  std::map<std::string, std::unique_ptr<LoadedModel>> models_;  // by task
};

}  // namespace tuckerseg
