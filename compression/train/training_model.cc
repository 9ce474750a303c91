#include "compression/train/training_model.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/model/bundle.h"
#include "engine/model/json_fields.h"
#include "engine/model/plans.h"
#include "engine/model/task_catalog.h"
#include "engine/model/unet_builder.h"

namespace tuckerseg {
namespace {

constexpr size_t kMostClasses = 254;  // channels are kept in a byte
constexpr auto kIntensities = "foreground_intensity_properties_per_channel";

/// Classes in channel order: channel c + 1.
std::vector<std::pair<int64_t, std::string>> TrainedClasses(const std::map<std::string, int64_t>& classes, const std::set<int64_t>& present,
                                                            const std::vector<std::string>& structures) {
  const std::set<std::string> wanted(structures.begin(), structures.end());
  for (const std::string& name : wanted) {
    const auto found = classes.find(name);
    if (found == classes.end() || !present.contains(found->second)) {
      throw Error(ErrorCode::kInvalidArgument, "structures = " + name + ": must be a class that occurs in the training cases");
    }
  }
  std::vector<std::pair<int64_t, std::string>> trained;
  for (const auto& [name, value] : classes)
    if (present.contains(value) && (wanted.empty() || wanted.contains(name))) trained.emplace_back(value, name);
  std::sort(trained.begin(), trained.end());
  if (trained.empty()) throw Error(ErrorCode::kInvalidArgument, "labels: no class of the data set occurs: must have at least one");
  if (trained.size() > kMostClasses) {
    throw Error(ErrorCode::kInvalidArgument, "labels: " + std::to_string(trained.size()) + " classes: must be at most 254");
  }
  return trained;
}

/// dataset.json as ParsePlans wants it: consecutive values.
std::string CompactDataset(const std::vector<std::pair<int64_t, std::string>>& trained) {
  Json labels = Json::object();
  labels["background"] = 0;
  for (const auto& [value, name] : trained) labels[name] = labels.size();
  return Json{{"channel_names", {{"0", "CT"}}}, {"labels", labels}}.dump();
}

std::string WithIntensities(const std::string& plans_json, const std::optional<Normalization>& intensities) {
  if (PlansHaveIntensities(plans_json)) return plans_json;
  if (!intensities) throw Error(ErrorCode::kInvalidArgument, "plans." + std::string(kIntensities) + ": missing");
  Json plans = ParseJson(plans_json, "plans.json");
  plans[kIntensities] = {{"0", {{"mean", intensities->mean}, {"std", intensities->std_dev}, {"percentile_00_5", intensities->lower},
                                {"percentile_99_5", intensities->upper}}}};
  return plans.dump();
}

ModelPart PartOf(const NnunetPlans& plans, const std::vector<std::pair<int64_t, std::string>>& trained) {
  ModelPart part;
  part.name = "network";
  part.graph = BuildUnet(plans.unet);
  part.folds = {"0"};
  part.patch_size = plans.patch_size;
  part.spacing_mm = plans.spacing_mm;
  part.transpose_forward = plans.transpose_forward;
  part.reader = plans.reader;
  part.normalization = plans.normalization;
  part.data_resampling = plans.data_resampling;
  part.logits_resampling = plans.logits_resampling;
  part.channel_labels = {0};
  for (const auto& [value, name] : trained) part.channel_labels.push_back(value);
  const Size3 divisor = part.graph.PatchDivisor();
  for (size_t a = 0; a < 3; ++a) {
    if (part.patch_size[a] % divisor[a] != 0) {
      throw Error(ErrorCode::kInvalidArgument, "plans.patch_size[" + std::to_string(a) + "] = " + std::to_string(part.patch_size[a]) +
                                                   ": must be a multiple of " + std::to_string(divisor[a]) + ", the network's stride");
    }
  }
  return part;
}

/// Colours and codes by name, those of the task first: some names stand in several tasks.
Label LabelOf(const TaskCatalog& catalog, const std::string& task, int64_t value, const std::string& name) {
  Label label;
  for (const std::string& known : {task, std::string("total")}) {
    try {
      for (const Label& candidate : catalog.Find(known).labels)
        if (label.name.empty() && candidate.name == name) label = candidate;
    } catch (const Error&) {  // a task of the data's own
    }
  }
  label.name = name;
  label.value = value;
  return label;
}

/// Along x, y, z, from the network's axes.
Spacing3d CanonicalSpacing(const ModelPart& part) {
  Spacing3d spacing{};
  for (size_t i = 0; i < 3; ++i) spacing[2 - static_cast<size_t>(part.transpose_forward[i])] = part.spacing_mm[i];
  return spacing;
}

}  // namespace

bool PlansHaveIntensities(const std::string& plans_json) {
  const Json document = ParseJson(plans_json, "plans.json");
  const JsonField plans(document, "plans");
  return plans.Has(kIntensities) || plans.Has("foreground_intensity_properties_by_modality");
}

Model MakeTrainingModel(const std::string& plans_json, const std::map<std::string, int64_t>& classes, const std::set<int64_t>& present,
                        const std::optional<Normalization>& intensities, const TrainingModelOptions& options) {
  const auto trained = TrainedClasses(classes, present, options.structures);
  const NnunetPlans plans = ParsePlans(WithIntensities(plans_json, intensities), CompactDataset(trained), options.configuration);
  Model model;
  model.parts = {PartOf(plans, trained)};
  model.task = !options.task.empty() ? options.task : !options.name.empty() ? options.name : "trained";
  model.name = !options.name.empty() ? options.name : model.task;
  model.pipeline = {.totalsegmentator = true, .spacing_mm = CanonicalSpacing(model.parts.front()), .resampling_order = 1,
                    .tile_step = options.tile_step};
  const TaskCatalog catalog;
  for (const auto& [value, name] : trained) model.labels.push_back(LabelOf(catalog, model.task, value, name));
  model.provenance = {options.source, "tuckerseg-compress train", options.configuration, options.licence};
  ParseModel(EncodeModel(model));  // what could not be loaded is refused before hours of training, not after
  return model;
}

}  // namespace tuckerseg
