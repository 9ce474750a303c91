#include "engine/segment/task_segmenter.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/segment/crop_volume.h"
#include "engine/segment/dilation.h"

namespace tuckerseg {
namespace {

void AddTimes(const StageTimes& from, StageTimes& to) {
  to.preprocess_s += from.preprocess_s;
  to.infer_s += from.infer_s;
  to.network_s += from.network_s;
  to.postprocess_s += from.postprocess_s;
}

/// Passes progress on with patches that came before and those still to come.
ProgressSink Shifted(const ProgressSink& progress, int64_t done_before, int64_t expected_after) {
  if (!progress) return {};
  return [&progress, done_before, expected_after](const Progress& inner) {
    progress({inner.stage, inner.patches_done + done_before, inner.patches_total + done_before + expected_after});
  };
}

ArrayShape Reversed(const Index3& shape) { return {shape[2], shape[1], shape[0]}; }

/// 1 where `map` holds one of `values`.
std::vector<uint8_t> MaskOf(const LabelMap& map, const std::vector<int64_t>& values, const Threads& threads) {
  std::vector<uint8_t> wanted(65536, 0);
  for (const int64_t value : values) wanted[static_cast<size_t>(value)] = 1;
  std::vector<uint8_t> mask(map.labels.size());
  ParallelFor(threads, static_cast<int64_t>(mask.size()), [&](int64_t begin, int64_t end) {
    for (auto v = static_cast<size_t>(begin); v < static_cast<size_t>(end); ++v) mask[v] = wanted[map.labels[v]];
  });
  return mask;
}

/// Labels outside the mask become background.
void KeepOnlyIn(const std::vector<uint8_t>& mask, const Threads& threads, LabelMap& map) {
  ParallelFor(threads, static_cast<int64_t>(mask.size()), [&](int64_t begin, int64_t end) {
    for (auto v = static_cast<size_t>(begin); v < static_cast<size_t>(end); ++v)
      if (mask[v] == 0) map.labels[v] = 0;
  });
}

/// Labels outside the grown mask become background.
void KeepNear(std::vector<uint8_t> mask, const Spacing3& spacing_mm, double distance_mm, const Threads& threads, LabelMap& map) {
  const double mean_mm = (spacing_mm[0] + spacing_mm[1] + spacing_mm[2]) / 3;
  const auto steps = static_cast<int64_t>(distance_mm / mean_mm);
  if (steps < 1) return;  // scipy's dilation then grows without end: nothing is outside
  DilateByFaces(mask, Reversed(map.shape), steps, threads.stop);
  KeepOnlyIn(mask, threads, map);
}

/// Of the labels of these values, the names of those that have no voxel in the map, in the order of `labels`.
std::vector<std::string> NamesOfAbsent(const std::vector<Label>& labels, const std::vector<int64_t>& values, const LabelMap& map, const std::stop_token& stop) {
  const std::vector<uint16_t> absent = AbsentLabels(map, values, stop);
  std::vector<std::string> names;
  for (const Label& label : labels)
    if (std::binary_search(absent.begin(), absent.end(), label.value)) names.push_back(label.name);
  return names;
}

/// Names of the structures that the plan's rough model was to find, to crop to them or to keep what lies near them, and that `rough`, its label map, does not hold: ascending
/// by value, each once.
std::vector<std::string> StructuresNotFound(const TaskPlan& plan, const LabelMap& rough, const std::stop_token& stop) {
  std::vector<int64_t> to_find = plan.crop_labels;
  to_find.insert(to_find.end(), plan.near_labels.begin(), plan.near_labels.end());
  return NamesOfAbsent(plan.rough->own->labels, to_find, rough, stop);  // labels ascend
}

}  // namespace

TaskSegmenter::TaskSegmenter(TaskPlan plan, Segmenter& own, const SegmenterLookup& others) : plan_(std::move(plan)), own_(own) {
  const auto make = [&](const std::shared_ptr<const TaskPlan>& other) -> std::unique_ptr<TaskSegmenter> {
    if (other == nullptr) return nullptr;
    const std::string& task = other->own->task;
    Segmenter* found = others(task);
    if (found == nullptr) throw Error(ErrorCode::kFailedPrecondition, "task " + plan_.own->task + ": needs a model of task " + task + ": must be served beside it");
    return std::make_unique<TaskSegmenter>(plan_.ForOther(*other), *found, others);
  };
  rough_ = make(plan_.rough);
  refiner_ = make(plan_.refiner);
}

Segmentation TaskSegmenter::Segment(const Volume& volume, std::stop_token stop, const ProgressSink& progress, DeviceGate* gate) {
  DevicePass device(gate, 1 + (rough_ != nullptr ? 1 : 0) + (refiner_ != nullptr ? 1 : 0));
  int64_t patches = 0;
  const ProgressSink shifted = Shifted(progress, 0, refiner_ == nullptr ? 0 : refiner_->plan_.MostPatches(volume.geometry));
  const ProgressSink counted = [&](const Progress& inner) {
    patches = inner.patches_done;
    if (shifted) shifted(inner);
  };
  Segmentation result = rough_ == nullptr ? own_.Segment(volume, options(), stop, counted, &device) : SegmentCropped(volume, stop, counted, device);
  if (refiner_ != nullptr) Refine(volume, result, stop, Shifted(progress, patches, 0), device);
  // Of what is given back: a refinement takes labels from the border, and grows others to it.
  if (result.crop && result.crop->box) result.crop->border_labels = LabelsAtBorder(result.label_map, *result.crop->box);
  if (options().statistics && result.statistics.empty()) {
    result.statistics = MeasureStructures(result.label_map.labels, ViewOf(volume), HeaderVoxelVolumeMm3(volume.geometry),
                                          own_.ValuesAskedFor(options()), {options().exclude_incomplete, {options().threads, stop}});
  }
  return result;
}

Segmentation TaskSegmenter::SegmentCropped(const Volume& volume, const std::stop_token& stop, const ProgressSink& progress, DeviceGate& device) {
  int64_t patches = 0;
  const ProgressSink shifted = Shifted(progress, 0, own_.MostPatches(volume.geometry, options()));
  const ProgressSink counted = [&](const Progress& inner) {
    patches = inner.patches_done;
    if (shifted) shifted(inner);
  };
  Segmentation rough = rough_->Segment(volume, stop, counted, &device);
  const Threads threads(options().threads, stop);
  const Spacing3 spacing_mm = volume.geometry.AffineSpacingMm();
  const std::optional<VolumeBox> box = BoxOfLabels(rough.label_map, plan_.crop_labels, spacing_mm, plan_.margin_mm, stop);
  if (!box) {
    device.Leave();  // the task's own networks do not use it
    std::fill(rough.label_map.labels.begin(), rough.label_map.labels.end(), uint16_t{0});
    return {.label_map = std::move(rough.label_map), .statistics = {}, .times = rough.times, .crop = CropResult{}};
  }
  CropResult crop{.box = *box, .structures_not_found = StructuresNotFound(plan_, rough.label_map, stop)};
  std::vector<uint8_t> near = plan_.near_labels.empty() ? std::vector<uint8_t>() : MaskOf(rough.label_map, plan_.near_labels, threads);
  rough.label_map = {};
  Segmentation result = own_.Segment(CropVolume(volume, *box, stop), options(), stop, Shifted(progress, patches, 0), &device);
  AddTimes(rough.times, result.times);
  result.label_map = PasteLabels(result.label_map, *box, volume.geometry.shape, stop);
  if (!near.empty()) KeepNear(std::move(near), spacing_mm, own_.model().pipeline.keep_near->distance_mm, threads, result.label_map);
  result.crop = std::move(crop);
  return result;
}

void TaskSegmenter::Refine(const Volume& volume, Segmentation& result, const std::stop_token& stop, const ProgressSink& progress, DeviceGate& device) {
  const Segmentation other = refiner_->Segment(volume, stop, progress, &device);
  AddTimes(other.times, result.times);
  const std::vector<uint16_t> before = LabelsIn(result.label_map, stop);
  const Spacing3 spacing_mm = volume.geometry.AffineSpacingMm();
  DilateLabels(result.label_map.labels, Reversed(result.label_map.shape), {spacing_mm[2], spacing_mm[1], spacing_mm[0]},
               own_.model().pipeline.refine->distance_mm, stop);
  const Threads threads(options().threads, stop);
  KeepOnlyIn(MaskOf(other.label_map, plan_.refine_labels, threads), threads, result.label_map);
  result.structures_lost_in_refinement = NamesOfAbsent(own_.model().labels, {before.begin(), before.end()}, result.label_map, stop);
}

}  // namespace tuckerseg
