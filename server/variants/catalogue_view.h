/// What a server has at one moment: its models with their levels.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/variants/served_level.h"

namespace tuckerseg {

/// A model with its levels.
struct CatalogueModel {
  std::string directory;            ///< its bundle's name
  std::vector<ServedLevel> levels;  ///< the original first
  const ServedLevel& original() const { return levels.front(); }
  const Model& model() const { return *original().model; }
  /// Whether any of its levels can run; `stuck`: places of devices that are of no use for now.
  bool CanServe(const std::set<size_t>& stuck = {}) const;
};

/// A directory of `models` that cannot be served.
struct BrokenBundle {
  std::string directory;
  std::string error;
};

/// A value: later changes do not show in it, and what it holds lives as long as it does, weights of levels that were replaced among it. Must not outlive
/// the catalogue's devices, in whose memory they lie.
struct CatalogueView {
  std::map<std::string, CatalogueModel> models;  ///< by task
  std::vector<BrokenBundle> broken;

  /// `task` empty: the only model, or that of `total` where there are several.
  /// Errors: kNotFound that lists the tasks.
  const CatalogueModel& Find(const std::string& task) const;
  /// The original of a task by its full name; null if it is not served.
  const ServedLevel* FindOriginal(const std::string& task) const;
  /// Its model, likewise.
  const Model* FindModel(const std::string& task) const;
  /// Whether any level can run; `stuck` as above.
  bool CanServe(const std::set<size_t>& stuck = {}) const;
};

/// What of it cannot be served though it is there, a line each: bundles, and originals that can be loaded nowhere. Nothing at all is one too.
std::vector<std::string> BrokenModels(const CatalogueView& view);

}  // namespace tuckerseg
