/// What a task needs of other models for one request, and what that will cost: from the models' descriptions alone, before any weights are there
/// (totalsegmentator-pipeline sections 1, 3 and 10).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/model.h"
#include "engine/segment/memory_plan.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// To what the volume is cropped before the task's own networks run.
enum class CropWish {
  kAuto,    ///< as the task says; to the structures asked for, where a rougher model is there that knows them
  kNone,    ///< not at all; refused for tasks that were trained on crops
  kRough,   ///< as kAuto, but refused where the rough model is not there
  kRobust,  ///< as kRough, with the task's finer model: slower, and misses less
  kBody,    ///< to the body; where the task has a crop of its own, that
};

struct TaskOptions {
  SegmentOptions segment;
  CropWish crop = CropWish::kAuto;
};

/// Finds the model of a task; null where there is none.
using ModelLookup = std::function<const Model*(const std::string& task)>;

/// Refers to the models, which must outlive it.
struct TaskPlan {
  const Model* own = nullptr;
  TaskOptions options;
  std::shared_ptr<const TaskPlan> rough = nullptr;  ///< finds the crop as its task runs by itself, with a crop of its own where it has one; null: there is none
  std::vector<int64_t> crop_labels = {};  ///< of the rough model
  double margin_mm = 0;
  std::vector<int64_t> near_labels = {};  ///< of the rough model: what lies near them is kept
  std::shared_ptr<const TaskPlan> refiner = nullptr;  ///< runs as its task does, likewise; null: there is none
  std::vector<int64_t> refine_labels = {};

  /// The task whose model finds the crop; empty for none.
  std::string crop_task() const { return rough == nullptr ? "" : rough->own->task; }
  /// `other`, which is `rough` or `refiner`, with what of these options is meant for its models too.
  TaskPlan ForOther(const TaskPlan& other) const;
  /// The tasks whose models run beside the own one, those that the others need included, each once.
  std::vector<std::string> OtherTasks() const;

  /// As PredictPeakBytes; nothing is known yet of how small the crop will be.
  int64_t PeakBytes(const Geometry& geometry, NetworkMemory networks = NetworkMemory::kHost) const;
  /// As tuckerseg::DeviceBytes, of the model that needs most.
  int64_t DeviceBytes(const Geometry& geometry) const;
  /// As tuckerseg::MostPatches, those of the models around it (crop, refinement, and what these need themselves) included.
  int64_t MostPatches(const Geometry& geometry) const;
};

/// `own`: the task's model, in the form of whichever level runs; `others` finds the originals, which find crops.
/// Errors: kFailedPrecondition that names a task whose model is needed and not there, be it by another model that is needed, or one that needs itself by way of others;
/// kInvalidArgument for a crop that the task does not have or cannot be without.
TaskPlan PlanTask(const Model& own, const ModelLookup& others, TaskOptions options);

}  // namespace tuckerseg
