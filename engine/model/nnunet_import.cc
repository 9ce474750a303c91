#include "engine/model/nnunet_import.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/error.h"
#include "engine/model/checkpoint.h"
#include "engine/model/file_bytes.h"
#include "engine/model/plans.h"
#include "engine/model/safetensors.h"
#include "engine/model/task_catalog.h"
#include "engine/model/unet_builder.h"
#include "engine/sha256.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, path.filename().string() + ": missing in the result folder");
  return {std::istreambuf_iterator<char>(file), {}};
}

bool IsResultFolder(const fs::path& folder) { return fs::is_regular_file(folder / "plans.json"); }

/// The folder under its own name, which `x/` and `.` do not tell.
fs::path Named(const fs::path& path) {
  const fs::path named = fs::absolute(path).lexically_normal();
  return named.has_filename() ? named : named.parent_path();
}

/// The result folder inside a data set's folder: the task's own, or the only one. `plans`: only results of these, if not empty.
fs::path ResultFolderOf(const fs::path& dataset, const CatalogTask* task, const std::string& plans) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(dataset)) {
    const bool wanted = plans.empty() || entry.path().filename().string().find("__" + plans + "__") != std::string::npos;
    if (entry.is_directory() && wanted && IsResultFolder(entry.path())) found.push_back(entry.path());
  }
  if (task != nullptr) {
    const std::string own = task->trainer + "__" + (plans.empty() ? task->plans : plans) + "__" + task->configuration;
    for (const fs::path& folder : found)
      if (folder.filename() == own) return folder;
  }
  if (found.empty()) {
    throw Error(ErrorCode::kNotFound, dataset.filename().string() + ": holds no result folder" + (plans.empty() ? "" : " of " + plans) +
                                          ": must hold one, TRAINER__PLANS__CONFIGURATION with plans.json");
  }
  if (found.size() != 1) {
    throw Error(ErrorCode::kNotFound, dataset.filename().string() + ": holds " + std::to_string(found.size()) +
                                          " result folders (TRAINER__PLANS__CONFIGURATION with plans.json): name the one to import");
  }
  return found.front();
}

/// Folds in the order asked for, else those on disk in ascending order.
std::vector<std::string> FoldsOf(const fs::path& result, const std::vector<std::string>& wanted) {
  constexpr auto kCheckpoint = "checkpoint_final.pth";
  for (const std::string& fold : wanted) {
    if (!fs::is_regular_file(result / ("fold_" + fold) / kCheckpoint)) {
      throw Error(ErrorCode::kNotFound, "fold " + fold + ": has no checkpoint_final.pth in the result folder");
    }
  }
  if (std::set<std::string>(wanted.begin(), wanted.end()).size() != wanted.size()) {
    throw Error(ErrorCode::kInvalidArgument, "folds: must name each fold once");
  }
  if (!wanted.empty()) return wanted;
  std::vector<std::string> folds;
  for (const auto& entry : fs::directory_iterator(result)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("fold_") && name != "fold_all" && fs::is_regular_file(entry.path() / kCheckpoint)) {
      folds.push_back(name.substr(5));
    }
  }
  if (folds.empty()) throw Error(ErrorCode::kNotFound, "folds: none with a checkpoint_final.pth in the result folder");
  std::sort(folds.begin(), folds.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
  return folds;
}

struct ImportedPart {
  ModelPart part;
  WeightStore weights;
  NnunetPlans plans;
  std::string trainer;
  std::string configuration;
};

void AddFold(const std::string& fold, std::map<std::string, CheckpointTensor> tensors, WeightStore& weights) {
  for (auto& [name, tensor] : tensors) {
    std::vector<std::byte> bytes(tensor.values.size() * sizeof(float));
    std::memcpy(bytes.data(), tensor.values.data(), bytes.size());
    weights.Add("fold_" + fold + "." + name, TensorType::kFloat32, tensor.shape, std::move(bytes));
  }
}

ImportedPart ImportPart(const fs::path& result, const std::vector<std::string>& folds) {
  ImportedPart imported;
  imported.part.folds = FoldsOf(result, folds);
  for (const std::string& fold : imported.part.folds) {
    const auto file = FileBytes::Read(result / ("fold_" + fold) / "checkpoint_final.pth", "checkpoint of fold " + fold);
    Checkpoint checkpoint = ReadCheckpoint(file->bytes());
    if (fold == imported.part.folds.front()) {
      // The first fold speaks for all, as in nnU-Net's predictor.
      imported.trainer = checkpoint.trainer_name;
      imported.configuration = checkpoint.configuration;
      imported.part.mirror_axes = checkpoint.mirror_axes;
      imported.plans = ParsePlans(ReadText(result / "plans.json"), ReadText(result / "dataset.json"), checkpoint.configuration);
      imported.part.graph = BuildUnet(imported.plans.unet);
    }
    AddFold(fold, TensorsFor(imported.part.graph, std::move(checkpoint)), imported.weights);
  }
  const NnunetPlans& plans = imported.plans;
  imported.part.patch_size = plans.patch_size;
  imported.part.spacing_mm = plans.spacing_mm;
  imported.part.transpose_forward = plans.transpose_forward;
  imported.part.reader = plans.reader;
  imported.part.normalization = plans.normalization;
  imported.part.data_resampling = plans.data_resampling;
  imported.part.logits_resampling = plans.logits_resampling;
  imported.part.regions = plans.regions;
  return imported;
}

/// Channels and labels of a model that stands for itself: nnU-Net's own values and names.
std::vector<Label> OwnLabels(const NnunetPlans& plans, ModelPart& part) {
  std::map<int64_t, std::string> names;
  if (plans.regions) {
    part.channel_labels = plans.regions_class_order;
    for (size_t i = 0; i < plans.labels.size(); ++i) names[plans.regions_class_order[i]] = plans.labels[i].name;
  } else {
    for (int64_t c = 0; c < plans.unet.out_channels; ++c) part.channel_labels.push_back(c);
    for (const DatasetLabel& label : plans.labels)
      if (label.values.front() != 0) names[label.values.front()] = label.name;
  }
  std::vector<Label> labels;
  for (const auto& [value, name] : names) labels.push_back({.value = value, .name = name, .rgb = {}, .snomed_code = {}, .snomed_meaning = {}, .snomed_modifier = {}});
  return labels;
}

/// Channels of a part of a task, by class name: TotalSegmentator renames part labels to the task's numbers.
void MapChannels(const NnunetPlans& plans, const CatalogTask& task, ModelPart& part) {
  if (plans.regions) throw Error(ErrorCode::kFailedPrecondition, "task " + task.name + ": must not have regions");
  part.channel_labels.assign(static_cast<size_t>(plans.unet.out_channels), 0);
  const bool single = task.dataset_folders.size() == 1;
  for (const DatasetLabel& label : plans.labels) {
    const int64_t channel = label.values.front();
    if (channel == 0) continue;
    // Classes that only help the network to learn are background in the finished label map.
    if (std::count(task.auxiliary.begin(), task.auxiliary.end(), channel) > 0) continue;
    const auto found = std::find_if(task.labels.begin(), task.labels.end(), [&](const Label& known) {
      return single ? known.value == channel : known.name == label.name;
    });
    if (found == task.labels.end()) {
      throw Error(ErrorCode::kInvalidArgument, "dataset.labels." + label.name + " = " + std::to_string(channel) + ": task " +
                                                   task.name + " has no such class");
    }
    // One network: TotalSegmentator takes its numbers as they are. Another name would be another structure.
    if (single && found->name != label.name) {
      throw Error(ErrorCode::kInvalidArgument, "dataset.labels." + label.name + " = " + std::to_string(channel) + ": must be " +
                                                   found->name + " for task " + task.name);
    }
    part.channel_labels[static_cast<size_t>(channel)] = found->value;
  }
}

/// Where the data sets of the task lie, seen from `folder`.
std::vector<fs::path> ResultFolders(const fs::path& folder, const CatalogTask* task, const std::string& plans) {
  if (IsResultFolder(folder)) return {folder};
  if (task != nullptr) {
    std::vector<fs::path> results;
    for (const std::string& dataset : task->dataset_folders) {
      if (fs::is_directory(folder / dataset)) results.push_back(ResultFolderOf(folder / dataset, task, plans));
    }
    if (results.size() == task->dataset_folders.size()) return results;
    if (!results.empty()) {
      throw Error(ErrorCode::kNotFound, "task " + task->name + ": only " + std::to_string(results.size()) + " of its " +
                                            std::to_string(task->dataset_folders.size()) + " data sets are in the results root");
    }
  }
  return {ResultFolderOf(folder, task, plans)};
}

std::string WeightsDigest(const Bundle& bundle) {
  Sha256 digest;
  for (const WeightStore& weights : bundle.weights) digest.Update(EncodeSafetensors(weights));
  return digest.Digest();
}

}  // namespace

Bundle ImportNnunet(const fs::path& given, const NnunetImportOptions& options) {
  const fs::path folder = Named(given);
  if (!fs::is_directory(folder)) throw Error(ErrorCode::kNotFound, "--nnunet: no such folder");
  const TaskCatalog catalog;
  const std::string dataset = (IsResultFolder(folder) ? folder.parent_path() : folder).filename().string();
  const CatalogTask* task = options.task.empty() ? catalog.FindByDataset(dataset) : &catalog.Find(options.task);
  const std::vector<fs::path> results = ResultFolders(folder, task, options.plans);
  if (task != nullptr && results.size() != task->dataset_folders.size()) {
    throw Error(ErrorCode::kNotFound, "task " + task->name + ": has " + std::to_string(task->dataset_folders.size()) +
                                          " networks: --nnunet must be the results root that holds them all");
  }
  Bundle bundle;
  Model& model = bundle.model;
  model.provenance.source = "nnU-Net v2 results";
  for (const fs::path& result : results) {
    const std::vector<std::string> folds = options.folds.empty() && task != nullptr ? task->folds : options.folds;
    ImportedPart imported = ImportPart(result, folds);
    const std::string result_dataset = result.parent_path().filename().string();
    imported.part.name = results.size() == 1 ? "network" : catalog.PartName(result_dataset);
    if (task != nullptr) {
      imported.part.mirror_axes.clear();  // TotalSegmentator never mirrors, whatever the checkpoint allows
      MapChannels(imported.plans, *task, imported.part);
      model.provenance.source += (&result == &results.front() ? ": " : ", ") + result_dataset;
    } else {
      model.labels = OwnLabels(imported.plans, imported.part);
      model.provenance.source += ": " + result_dataset;
    }
    model.provenance.trainer = imported.trainer;
    model.provenance.configuration = imported.configuration;
    model.parts.push_back(std::move(imported.part));
    bundle.weights.push_back(std::move(imported.weights));
  }
  model.task = task != nullptr ? task->name : dataset;
  if (task != nullptr) {
    model.labels = task->labels;
    model.pipeline = task->pipeline;
    model.provenance.licence = task->licence;
    model.provenance.non_commercial = task->non_commercial;
  }
  model.name = options.name.empty() ? model.task : options.name;
  model.provenance.weights_sha256 = WeightsDigest(bundle);
  return bundle;
}

}  // namespace tuckerseg
