/// What TotalSegmentator's tasks are: data sets, spacing, classes, and how its classes are coloured and coded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/model.h"

namespace tuckerseg {

/// A task in one mode ("total", "total_fast", "total_fastest").
struct CatalogTask {
  std::string name;
  std::vector<std::string> dataset_folders;  ///< one for each part, in the order of merging
  std::string trainer;
  std::string configuration;
  std::vector<std::string> folds;            ///< empty: every fold that is there
  std::optional<Spacing3d> spacing_mm;       ///< along x, y, z
  double tile_step = 0.5;
  std::string licence;
  std::vector<Label> labels;                 ///< ascending, with colours and codes where TotalSegmentator has them
  /// What the task does besides running its networks; empty for none. A model without it would be silently wrong.
  std::string needs;
};

class TaskCatalog {
 public:
  /// Reads the embedded tables.
  TaskCatalog();

  /// Errors: kNotFound, naming the tasks whose names are near.
  const CatalogTask& Find(const std::string& name) const;
  /// The only task of one network that uses this data set, or nothing.
  const CatalogTask* FindByDataset(const std::string& dataset_folder) const;
  /// The name that TotalSegmentator gives the part of a data set ("organs"), or the folder's own.
  std::string PartName(const std::string& dataset_folder) const;

 private:
  std::map<std::string, CatalogTask> tasks_;
  std::map<std::string, std::string> part_names_;  // by data set folder
};

}  // namespace tuckerseg
