/// A task as TotalSegmentator runs it: another model finds where to look, the task's own networks run there, and what they find is
/// cleaned by what other models know (totalsegmentator-pipeline sections 1, 3 and 10). The others run as their own tasks do: `teeth` is cropped to what
/// `craniofacial_structures` finds, which is itself cropped to the skull.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "engine/segment/device_gate.h"
#include "engine/segment/segmenter.h"
#include "engine/segment/task_plan.h"

namespace tuckerseg {

/// Finds the segmenter of a task; null where there is none.
using SegmenterLookup = std::function<Segmenter*(const std::string& task)>;

/// One request's way through its models. The segmenters and the plan's models must outlive it; several requests may share segmenters as Segmenter says.
class TaskSegmenter {
 public:
  /// `own`: of the plan's own model; `others` is asked for plan.OtherTasks(), now and not again.
  /// Errors: kFailedPrecondition that names a task whose segmenter is not there.
  TaskSegmenter(TaskPlan plan, Segmenter& own, const SegmenterLookup& others);

  /// As Segmenter::Segment; `gate` is entered before the first model's first patch, and left behind the last model's last. An empty label map where the rough model finds
  /// none of the structures: there is nothing to look at, and `crop` says so.
  Segmentation Segment(const Volume& volume, std::stop_token stop = {}, const ProgressSink& progress = {}, DeviceGate* gate = nullptr);

 private:
  Segmentation SegmentCropped(const Volume& volume, const std::stop_token& stop, const ProgressSink& progress, DeviceGate& device);
  void Refine(const Volume& volume, Segmentation& result, const std::stop_token& stop, const ProgressSink& progress, DeviceGate& device);
  const SegmentOptions& options() const { return plan_.options.segment; }

  TaskPlan plan_;
  Segmenter& own_;
  std::unique_ptr<TaskSegmenter> rough_;    ///< null where the plan has none
  std::unique_ptr<TaskSegmenter> refiner_;  ///< likewise
};

}  // namespace tuckerseg
