#include "engine/segment/task_plan.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "engine/error.h"
#include "engine/segment/patch_count.h"

namespace tuckerseg {
namespace {

constexpr auto kBodyTask = "body_fast";
constexpr double kBodyMarginMm = 3;

/// Values of the labels named; nothing if one of them is not among the labels.
std::optional<std::vector<int64_t>> ValuesOf(const Model& model, const std::vector<std::string>& names) {
  std::vector<int64_t> values;
  for (const std::string& name : names) {
    const auto found = std::find_if(model.labels.begin(), model.labels.end(), [&](const Label& label) { return label.name == name; });
    if (found == model.labels.end()) return std::nullopt;
    values.push_back(found->value);
  }
  return values;
}

std::vector<std::string> NamesOf(const Model& model, const std::vector<int64_t>& values) {
  std::vector<std::string> names;
  for (const Label& label : model.labels)
    if (std::find(values.begin(), values.end(), label.value) != values.end()) names.push_back(label.name);
  return names;
}

[[noreturn]] void RefuseMissing(const Model& model, const std::string& task, const char* what) {
  throw Error(ErrorCode::kFailedPrecondition, "task " + model.task + ": needs a model of task " + task + ", which " + what + "; must be served beside it");
}

/// How the task of `other`, whose result `model` needs, runs by itself: complete, with a crop of its own where it has one (totalsegmentator-pipeline section 3).
std::shared_ptr<const TaskPlan> PlanOther(const Model& model, const Model& other, const ModelLookup& others) {
  const ModelLookup beyond = [&](const std::string& task) {
    if (task == model.task) {
      throw Error(ErrorCode::kFailedPrecondition, "task " + model.task + ": needs a model of task " + other.task + ", which in turn needs one of task " + task + ": must not need itself");
    }
    return others(task);
  };
  return std::make_shared<const TaskPlan>(PlanTask(other, beyond, {}));
}

bool TakeCrop(const Model* rough, const std::vector<std::string>& structures, double margin_mm, const ModelLookup& others, TaskPlan& plan) {
  if (rough == nullptr) return false;
  std::optional<std::vector<int64_t>> values = ValuesOf(*rough, structures);
  if (!values) return false;
  plan.rough = PlanOther(*plan.own, *rough, others);
  plan.crop_labels = std::move(*values);
  plan.margin_mm = margin_mm;
  return true;
}

void ChooseCrop(const ModelLookup& others, TaskPlan& plan) {
  const Model& model = *plan.own;
  const CropWish wish = plan.options.crop;
  const std::optional<CropRule>& rule = model.pipeline.crop;
  const bool trained_on_crops = rule && !rule->structures.empty();
  const std::vector<std::string> structures = !rule ? std::vector<std::string>()
                                              : trained_on_crops ? rule->structures
                                                                 : NamesOf(model, plan.options.segment.structures);
  const bool asked = wish == CropWish::kRough || wish == CropWish::kRobust;
  if (wish == CropWish::kNone && trained_on_crops) {
    throw Error(ErrorCode::kInvalidArgument, "crop = none: must be another one, task " + model.task + " was trained on crops");
  }
  if (wish == CropWish::kNone || (structures.empty() && !asked && wish != CropWish::kBody)) return;
  if (wish == CropWish::kBody && structures.empty()) {
    const Model* body = others(kBodyTask);
    if (body == nullptr) RefuseMissing(model, kBodyTask, "finds the body");
    TakeCrop(body, NamesOf(*body, body->parts.front().channel_labels), kBodyMarginMm, others, plan);
    return;
  }
  if (structures.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "crop: must be auto, none or body for task " + model.task + " where no structures are asked for");
  }
  // Where the task's own crop is not asked for by name, the finer model does as well; another model than the task's own.
  for (const std::string& task : wish == CropWish::kRobust ? std::vector{rule->robust_task} : std::vector{rule->task, rule->robust_task}) {
    const Model* rough = others(task);
    if (rough != nullptr && rough->task == model.task && wish != CropWish::kRobust) rough = nullptr;  // in whichever form `model` is
    if (TakeCrop(rough, structures, rule->margin_mm, others, plan)) return;
  }
  if (trained_on_crops || asked) RefuseMissing(model, wish == CropWish::kRobust ? rule->robust_task : rule->task, "finds where to look");
}

void ChooseOtherRules(const ModelLookup& others, TaskPlan& plan) {
  const Pipeline& pipeline = plan.own->pipeline;
  if (pipeline.keep_near && plan.rough != nullptr) {
    const auto values = ValuesOf(*plan.rough->own, pipeline.keep_near->structures);
    if (!values) RefuseMissing(*plan.own, plan.crop_task(), "must know the structures around the task's own");
    plan.near_labels = *values;
  }
  if (!pipeline.refine) return;
  const Model* refiner = others(pipeline.refine->task);
  const auto values = refiner == nullptr ? std::nullopt : ValuesOf(*refiner, {pipeline.refine->structure});
  if (!values) RefuseMissing(*plan.own, pipeline.refine->task, "refines its edges");
  plan.refiner = PlanOther(*plan.own, *refiner, others);
  plan.refine_labels = *values;
}

/// The plans that run beside the own model, in the order in which they run, as they run for these options.
std::vector<TaskPlan> OthersOf(const TaskPlan& plan) {
  std::vector<TaskPlan> others;
  for (const auto& other : {plan.rough, plan.refiner})
    if (other != nullptr) others.push_back(plan.ForOther(*other));
  return others;
}

}  // namespace

TaskPlan TaskPlan::ForOther(const TaskPlan& other) const {
  TaskPlan plan = other;
  const SegmentOptions& own_options = options.segment;
  plan.options.segment = {.accumulation = own_options.accumulation, .threads = own_options.threads, .sum_on_device = own_options.sum_on_device, .patches_at_once = own_options.patches_at_once};
  return plan;
}

std::vector<std::string> TaskPlan::OtherTasks() const {
  std::vector<std::string> tasks;
  const auto add = [&tasks](const std::string& task) {
    if (std::find(tasks.begin(), tasks.end(), task) == tasks.end()) tasks.push_back(task);
  };
  for (const TaskPlan& other : OthersOf(*this)) {
    add(other.own->task);
    for (const std::string& task : other.OtherTasks()) add(task);
  }
  return tasks;
}

int64_t TaskPlan::PeakBytes(const Geometry& geometry, NetworkMemory networks) const {
  const auto label_bytes = static_cast<int64_t>(sizeof(uint16_t));
  const auto most_voxel_bytes = static_cast<int64_t>(sizeof(int32_t));
  int64_t peak = PredictPeakBytes(*own, geometry, options.segment, networks);
  // The cropped copy, and the mask of what lies near.
  if (rough != nullptr) peak += geometry.VoxelCount() * (most_voxel_bytes + (near_labels.empty() ? 0 : 1));
  for (const TaskPlan& other : OthersOf(*this)) peak = std::max(peak, other.PeakBytes(geometry, networks) + geometry.VoxelCount() * label_bytes);
  return peak;
}

int64_t TaskPlan::DeviceBytes(const Geometry& geometry) const {
  int64_t bytes = tuckerseg::DeviceBytes(*own, geometry, options.segment);
  for (const TaskPlan& other : OthersOf(*this)) bytes = std::max(bytes, other.DeviceBytes(geometry));
  return bytes;
}

int64_t TaskPlan::MostPatches(const Geometry& geometry) const {
  int64_t patches = tuckerseg::MostPatches(*own, geometry, options.segment);
  for (const TaskPlan& other : OthersOf(*this)) patches += other.MostPatches(geometry);
  return patches;
}

TaskPlan PlanTask(const Model& own, const ModelLookup& others, TaskOptions options) {
  TaskPlan plan{.own = &own, .options = std::move(options)};
  ChooseCrop(others, plan);
  ChooseOtherRules(others, plan);
  return plan;
}

}  // namespace tuckerseg
