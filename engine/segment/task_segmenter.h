/// A task as TotalSegmentator runs it: another model finds where to look, the task's own networks run there, and what they find is
/// cleaned by what other models know (totalsegmentator-pipeline sections 1, 3 and 10).
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/segment/segmenter.h"

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

/// Finds the segmenter of a task; null where there is none.
using SegmenterLookup = std::function<Segmenter*(const std::string& task)>;

/// One request's way through its models. The segmenters must outlive it and take one volume at a time.
class TaskSegmenter {
 public:
  /// Errors: kFailedPrecondition that names a task whose model is needed and not there; kInvalidArgument for a crop that the task does
  /// not have or cannot be without.
  TaskSegmenter(Segmenter& own, const SegmenterLookup& others, TaskOptions options);

  /// The task whose model finds the crop; empty for none.
  const std::string& crop_task() const { return crop_task_; }

  /// As Segmenter::PeakBytes; nothing is known yet of how small the crop will be.
  int64_t PeakBytes(const Geometry& geometry) const;

  /// As Segmenter::MostPatches, those of the models around it (crop, refinement) included.
  int64_t MostPatches(const Geometry& geometry) const;

  /// As Segmenter::Segment. An empty label map where the rough model finds none of the structures: there is nothing to look at.
  Segmentation Segment(const Volume& volume, std::stop_token stop = {}, const ProgressSink& progress = {});

 private:
  void ChooseCrop(const SegmenterLookup& others);
  void ChooseOtherRules(const SegmenterLookup& others);
  bool TakeCrop(Segmenter* rough, const std::vector<std::string>& structures, double margin_mm);
  Segmentation SegmentCropped(const Volume& volume, const std::stop_token& stop, const ProgressSink& progress);
  void Refine(const Volume& volume, Segmentation& result, const std::stop_token& stop, const ProgressSink& progress);

  Segmenter& own_;
  TaskOptions options_;
  std::string crop_task_;
  Segmenter* rough_ = nullptr;
  std::vector<int64_t> crop_labels_;  // of the rough model
  double margin_mm_ = 0;
  std::vector<int64_t> near_labels_;  // of the rough model
  Segmenter* refiner_ = nullptr;
  std::vector<int64_t> refine_labels_;
};

}  // namespace tuckerseg
