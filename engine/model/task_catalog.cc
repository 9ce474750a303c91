#include "engine/model/task_catalog.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/model/catalog/catalog_text.h"
#include "engine/model/json_fields.h"
#include "engine/model/task_pipeline.h"

namespace tuckerseg {
namespace {

/// Colours and codes by class name.
std::map<std::string, Label> ReadClasses(const JsonField& classes) {
  std::map<std::string, Label> labels;
  for (const char* table : {"other_structures_with_codes", "total_mr", "total_v3", "total"}) {
    classes.At(table).Each([&](const JsonField& entry) {
      Label label;
      label.name = entry.At("name").Text();
      if (entry.Has("rgb") && !entry.At("rgb").IsNull()) {
        const auto rgb = entry.At("rgb").Integers3(0, 255);
        label.rgb = {static_cast<uint8_t>(rgb[0]), static_cast<uint8_t>(rgb[1]), static_cast<uint8_t>(rgb[2])};
      }
      if (entry.Has("snomed") && !entry.At("snomed").IsNull()) {
        const JsonField snomed = entry.At("snomed");
        label.snomed_code = snomed.At("type").At("value").Text();
        label.snomed_meaning = snomed.At("type").At("meaning").Text();
        if (snomed.Has("type_modifier") && !snomed.At("type_modifier").IsNull()) {
          label.snomed_modifier = snomed.At("type_modifier").At("value").Text();
        }
      }
      labels[label.name] = label;
      return 0;
    });
  }
  return labels;
}

/// Licences that forbid commercial use outright, or give a key for other use only.
bool IsNonCommercial(const std::string& licence) {
  return licence.starts_with("non-commercial") || licence.starts_with("needs licence");
}

/// Data sets that are all of a task or of one of its modes.
TasksByDataset ReadTasksByDataset(const JsonField& tasks) {
  TasksByDataset by_dataset;
  for (const auto& [name, value] : tasks.json().items()) {
    const JsonField entry(value, name);
    if (!entry.Has("modes")) continue;
    for (const auto& [mode, fields] : entry.At("modes").json().items()) {
      const JsonField datasets = JsonField(fields, name + ".modes." + mode).At("datasets");
      if (datasets.Size() == 1) by_dataset[datasets.At(size_t{0}).Integer(1, 999)] = mode == "default" ? name : name + "_" + mode;
    }
  }
  return by_dataset;
}

/// What all modes of a task share.
CatalogTask ReadTask(const std::string& name, const JsonField& entry, const std::map<std::string, Label>& classes) {
  CatalogTask task;
  task.name = name;
  task.plans = entry.At("plans").Text();
  task.licence = entry.At("licence").Text();
  task.non_commercial = IsNonCommercial(task.licence);
  for (const auto& [id, class_name] : entry.At("classes").json().items()) {
    const JsonField class_field(class_name, name + ".classes." + id);
    const auto known = classes.find(class_field.Text());
    Label label = known != classes.end() ? known->second : Label{};
    label.name = class_field.Text();
    label.value = std::stoll(id);
    task.labels.push_back(std::move(label));
  }
  std::sort(task.labels.begin(), task.labels.end(), [](const Label& a, const Label& b) { return a.value < b.value; });
  if (entry.Has("auxiliary_labels_removed") && !entry.At("auxiliary_labels_removed").IsNull()) {
    for (const auto& [id, class_name] : entry.At("auxiliary_labels_removed").json().items()) task.auxiliary.push_back(std::stoll(id));
  }
  return task;
}

void ReadMode(const JsonField& mode, CatalogTask& task) {
  task.dataset_folders = mode.At("dataset_folders").Each([](const JsonField& f) { return f.Text(); });
  task.trainer = mode.At("trainer").Text();
  task.configuration = mode.At("configuration").Text();
  if (mode.At("folds").json().is_array()) {
    task.folds = mode.At("folds").Each([](const JsonField& f) { return std::to_string(f.Integer(0, 1000)); });
  }
  if (!mode.At("spacing").IsNull()) task.pipeline.spacing_mm = mode.At("spacing").Numbers3();
}

std::string Near(const std::map<std::string, CatalogTask>& tasks, const std::string& name) {
  const std::string stem = name.substr(0, std::min<size_t>(name.size(), 4));
  std::string near;
  for (const auto& [known, task] : tasks) {
    if (known.find(stem) != std::string::npos) near += (near.empty() ? "" : ", ") + known;
  }
  return near.empty() ? "total, total_fast, total_fastest, ..." : near;
}

}  // namespace

TaskCatalog::TaskCatalog() {
  const Json tasks_document = ParseJson(kTasksText, "tasks");
  const Json classes_document = ParseJson(kClassesText, "classes");
  const JsonField tasks(tasks_document, "tasks");
  const std::map<std::string, Label> classes = ReadClasses({classes_document, "classes"});
  const TasksByDataset by_dataset = ReadTasksByDataset(tasks.At("tasks"));

  for (const auto& [name, value] : tasks.At("tasks").json().items()) {
    const JsonField entry(value, name);
    // Tasks without a public data set (TotalSegmentator's own tests) cannot be imported by name.
    if (entry.Has("dataset_folders") && entry.At("dataset_folders").Size() > 0 &&
        entry.At("dataset_folders").At(size_t{0}).IsNull()) {
      continue;
    }
    const CatalogTask base = ReadTask(name, entry, classes);
    if (!entry.Has("modes")) {
      CatalogTask task = base;
      task.pipeline = ReadPipeline(name, entry, task.labels, by_dataset);
      ReadMode(entry, task);
      tasks_.emplace(name, std::move(task));
      continue;
    }
    for (const auto& [mode, fields] : entry.At("modes").json().items()) {
      CatalogTask task = base;
      if (mode != "default") task.name += "_" + mode;
      task.pipeline = ReadPipeline(task.name, entry, task.labels, by_dataset);
      ReadMode({fields, name + ".modes." + mode}, task);
      const std::string key = task.name;
      tasks_.emplace(key, std::move(task));
    }
  }
  const JsonField root(classes_document, "classes");
  for (const char* table : {"parts", "parts_v3", "parts_mr", "parts_headneck_muscles"}) {
    for (const auto& [dataset, part] : root.At(table).json().items()) {
      const JsonField field(part, dataset);
      part_names_[field.At("folder").Text()] = field.At("part").Text();
    }
  }
}

const CatalogTask& TaskCatalog::Find(const std::string& name) const {
  const auto found = tasks_.find(name);
  if (found == tasks_.end()) {
    throw Error(ErrorCode::kNotFound, "task " + name + ": TotalSegmentator has none of that name; must be one of " + Near(tasks_, name));
  }
  return found->second;
}

const CatalogTask* TaskCatalog::FindByDataset(const std::string& dataset_folder) const {
  const CatalogTask* only = nullptr;
  for (const auto& [name, task] : tasks_) {
    if (task.dataset_folders != std::vector<std::string>{dataset_folder}) continue;
    if (only != nullptr) return nullptr;
    only = &task;
  }
  return only;
}

std::string TaskCatalog::PartName(const std::string& dataset_folder) const {
  const auto found = part_names_.find(dataset_folder);
  return found == part_names_.end() ? dataset_folder : found->second;
}

}  // namespace tuckerseg
