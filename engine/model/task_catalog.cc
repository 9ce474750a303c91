#include "engine/model/task_catalog.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/model/catalog/catalog_text.h"
#include "engine/model/json_fields.h"

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

/// Processing around the networks that the engine does not do yet, in words.
std::string Needs(const JsonField& task) {
  std::string needs;
  if (task.Has("crop") && !task.At("crop").IsNull()) needs += "cropping by a rough model; ";
  if (task.Has("cascade") && !task.At("cascade").IsNull() && task.At("cascade").json() != false) needs += "a cascade; ";
  if (task.Has("postprocessing") && task.At("postprocessing").Size() > 0) needs += "post-processing; ";
  if (!needs.empty()) needs.resize(needs.size() - 2);
  return needs;
}

void ReadMode(const JsonField& mode, CatalogTask& task) {
  task.dataset_folders = mode.At("dataset_folders").Each([](const JsonField& f) { return f.Text(); });
  task.trainer = mode.At("trainer").Text();
  task.configuration = mode.At("configuration").Text();
  if (mode.At("folds").json().is_array()) {
    task.folds = mode.At("folds").Each([](const JsonField& f) { return std::to_string(f.Integer(0, 1000)); });
  }
  if (!mode.At("spacing").IsNull()) task.spacing_mm = mode.At("spacing").Numbers3();
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

  for (const auto& [name, value] : tasks.At("tasks").json().items()) {
    const JsonField entry(value, name);
    // Tasks without a public data set (TotalSegmentator's own tests) cannot be imported by name.
    if (entry.Has("dataset_folders") && entry.At("dataset_folders").Size() > 0 &&
        entry.At("dataset_folders").At(size_t{0}).IsNull()) {
      continue;
    }
    CatalogTask base;
    base.name = name;
    base.tile_step = entry.At("tile_step_size").Number();
    base.licence = entry.At("licence").Text();
    base.needs = Needs(entry);
    for (const auto& [id, class_name] : entry.At("classes").json().items()) {
      const JsonField class_field(class_name, name + ".classes." + id);
      const auto known = classes.find(class_field.Text());
      Label label = known != classes.end() ? known->second : Label{};
      label.name = class_field.Text();
      label.value = std::stoll(id);
      base.labels.push_back(std::move(label));
    }
    std::sort(base.labels.begin(), base.labels.end(), [](const Label& a, const Label& b) { return a.value < b.value; });
    if (!entry.Has("modes")) {
      ReadMode(entry, base);
      tasks_.emplace(name, std::move(base));
      continue;
    }
    for (const auto& [mode, fields] : entry.At("modes").json().items()) {
      CatalogTask task = base;
      if (mode != "default") task.name += "_" + mode;
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
