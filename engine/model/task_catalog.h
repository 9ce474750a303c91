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
  std::string plans;                         ///< name of the plans in the result folder's name
  std::string licence;
  bool non_commercial = false;
  std::vector<Label> labels;                 ///< ascending, with colours and codes where TotalSegmentator has them
  std::vector<int64_t> auxiliary;            ///< classes that the networks find and the task leaves out
  Pipeline pipeline;                         ///< what the task does around its networks
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
