#include "engine/segment/task_segmenter.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/error.h"
#include "engine/segment/crop_volume.h"
#include "engine/segment/dilation.h"

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
std::vector<uint8_t> MaskOf(const LabelMap& map, const std::vector<int64_t>& values) {
  std::vector<uint8_t> wanted(65536, 0);
  for (const int64_t value : values) wanted[static_cast<size_t>(value)] = 1;
  std::vector<uint8_t> mask(map.labels.size());
  for (size_t v = 0; v < mask.size(); ++v) mask[v] = wanted[map.labels[v]];
  return mask;
}

/// Labels outside the grown mask become background.
void KeepNear(std::vector<uint8_t> mask, const Spacing3& spacing_mm, double distance_mm, LabelMap& map) {
  const double mean_mm = (spacing_mm[0] + spacing_mm[1] + spacing_mm[2]) / 3;
  const auto steps = static_cast<int64_t>(distance_mm / mean_mm);
  if (steps < 1) return;  // scipy's dilation then grows without end: nothing is outside
  DilateByFaces(mask, Reversed(map.shape), steps);
  for (size_t v = 0; v < mask.size(); ++v)
    if (mask[v] == 0) map.labels[v] = 0;
}

}  // namespace

TaskSegmenter::TaskSegmenter(Segmenter& own, const SegmenterLookup& others, TaskOptions options)
    : own_(own), options_(std::move(options)) {
  ChooseCrop(others);
  ChooseOtherRules(others);
}

bool TaskSegmenter::TakeCrop(Segmenter* rough, const std::vector<std::string>& structures, double margin_mm) {
  if (rough == nullptr) return false;
  std::optional<std::vector<int64_t>> values = ValuesOf(rough->model(), structures);
  if (!values) return false;
  rough_ = rough;
  crop_task_ = rough->model().task;
  crop_labels_ = std::move(*values);
  margin_mm_ = margin_mm;
  return true;
}

void TaskSegmenter::ChooseCrop(const SegmenterLookup& others) {
  const Model& model = own_.model();
  const std::optional<CropRule>& rule = model.pipeline.crop;
  const bool trained_on_crops = rule && !rule->structures.empty();
  const std::vector<std::string> structures = !rule ? std::vector<std::string>()
                                              : trained_on_crops ? rule->structures
                                                                 : NamesOf(model, options_.segment.structures);
  const bool asked = options_.crop == CropWish::kRough || options_.crop == CropWish::kRobust;
  if (options_.crop == CropWish::kNone && trained_on_crops) {
    throw Error(ErrorCode::kInvalidArgument, "crop = none: must be another one, task " + model.task + " was trained on crops");
  }
  if (options_.crop == CropWish::kNone || (structures.empty() && !asked && options_.crop != CropWish::kBody)) return;
  if (options_.crop == CropWish::kBody && structures.empty()) {
    Segmenter* body = others(kBodyTask);
    if (body == nullptr) RefuseMissing(model, kBodyTask, "finds the body");
    TakeCrop(body, NamesOf(body->model(), body->model().parts.front().channel_labels), kBodyMarginMm);
    return;
  }
  if (structures.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "crop: must be auto, none or body for task " + model.task + " where no structures are asked for");
  }
  // Where the task's own crop is not asked for by name, the finer model does as well; another model than the task's own.
  for (const std::string& task : options_.crop == CropWish::kRobust ? std::vector{rule->robust_task} : std::vector{rule->task, rule->robust_task}) {
    Segmenter* rough = others(task);
    if (rough == &own_ && options_.crop != CropWish::kRobust) rough = nullptr;
    if (TakeCrop(rough, structures, rule->margin_mm)) return;
  }
  if (trained_on_crops || asked) RefuseMissing(model, options_.crop == CropWish::kRobust ? rule->robust_task : rule->task, "finds where to look");
}

void TaskSegmenter::ChooseOtherRules(const SegmenterLookup& others) {
  const Model& model = own_.model();
  if (model.pipeline.keep_near && rough_ != nullptr) {
    const auto values = ValuesOf(rough_->model(), model.pipeline.keep_near->structures);
    if (!values) RefuseMissing(model, crop_task_, "must know the structures around the task's own");
    near_labels_ = *values;
  }
  if (!model.pipeline.refine) return;
  refiner_ = others(model.pipeline.refine->task);
  const auto values = refiner_ == nullptr ? std::nullopt : ValuesOf(refiner_->model(), {model.pipeline.refine->structure});
  if (!values) RefuseMissing(model, model.pipeline.refine->task, "refines its edges");
  refine_labels_ = *values;
}

int64_t TaskSegmenter::PeakBytes(const Geometry& geometry) const {
  const auto label_bytes = static_cast<int64_t>(sizeof(uint16_t));
  const auto most_voxel_bytes = static_cast<int64_t>(sizeof(int32_t));
  int64_t peak = own_.PeakBytes(geometry, options_.segment);
  // The cropped copy, and the mask of what lies near.
  if (rough_ != nullptr) peak += geometry.VoxelCount() * (most_voxel_bytes + (near_labels_.empty() ? 0 : 1));
  for (const Segmenter* other : {rough_, refiner_}) {
    if (other != nullptr) peak = std::max(peak, other->PeakBytes(geometry, {.accumulation = options_.segment.accumulation}) + geometry.VoxelCount() * label_bytes);
  }
  return peak;
}

int64_t TaskSegmenter::MostPatches(const Geometry& geometry) const {
  int64_t patches = own_.MostPatches(geometry, options_.segment);
  for (const Segmenter* other : {rough_, refiner_})
    if (other != nullptr) patches += other->MostPatches(geometry, {});
  return patches;
}

Segmentation TaskSegmenter::Segment(const Volume& volume, std::stop_token stop, const ProgressSink& progress) {
  Segmentation result = rough_ == nullptr ? own_.Segment(volume, options_.segment, stop, progress) : SegmentCropped(volume, stop, progress);
  if (refiner_ != nullptr) Refine(volume, result, stop, progress);
  if (options_.segment.statistics && result.statistics.empty()) {
    result.statistics = MeasureStructures(result.label_map.labels, ViewOf(volume), HeaderVoxelVolumeMm3(volume.geometry),
                                          own_.ValuesAskedFor(options_.segment), {options_.segment.exclude_incomplete, options_.segment.threads});
  }
  return result;
}

Segmentation TaskSegmenter::SegmentCropped(const Volume& volume, const std::stop_token& stop, const ProgressSink& progress) {
  int64_t patches = 0;
  const ProgressSink shifted = Shifted(progress, 0, own_.MostPatches(volume.geometry, options_.segment));
  const SegmentOptions rough_options{.accumulation = options_.segment.accumulation, .threads = options_.segment.threads};
  Segmentation rough = rough_->Segment(volume, rough_options, stop, [&](const Progress& inner) {
    patches = inner.patches_done;
    if (shifted) shifted(inner);
  });
  const Spacing3 spacing_mm = volume.geometry.AffineSpacingMm();
  const std::optional<VolumeBox> box = BoxOfLabels(rough.label_map, crop_labels_, spacing_mm, margin_mm_);
  if (!box) {
    std::fill(rough.label_map.labels.begin(), rough.label_map.labels.end(), uint16_t{0});
    return rough;
  }
  std::vector<uint8_t> near = near_labels_.empty() ? std::vector<uint8_t>() : MaskOf(rough.label_map, near_labels_);
  rough.label_map = {};
  Segmentation result = own_.Segment(CropVolume(volume, *box), options_.segment, stop, Shifted(progress, patches, 0));
  AddTimes(rough.times, result.times);
  result.label_map = PasteLabels(result.label_map, *box, volume.geometry.shape);
  if (!near.empty()) KeepNear(std::move(near), spacing_mm, own_.model().pipeline.keep_near->distance_mm, result.label_map);
  return result;
}

void TaskSegmenter::Refine(const Volume& volume, Segmentation& result, const std::stop_token& stop, const ProgressSink& progress) {
  const SegmentOptions options{.accumulation = options_.segment.accumulation, .threads = options_.segment.threads};
  const Segmentation other = refiner_->Segment(volume, options, stop, progress);
  AddTimes(other.times, result.times);
  const Spacing3 spacing_mm = volume.geometry.AffineSpacingMm();
  DilateLabels(result.label_map.labels, Reversed(result.label_map.shape), {spacing_mm[2], spacing_mm[1], spacing_mm[0]},
               own_.model().pipeline.refine->distance_mm);
  const std::vector<uint8_t> kept = MaskOf(other.label_map, refine_labels_);
  for (size_t v = 0; v < kept.size(); ++v)
    if (kept[v] == 0) result.label_map.labels[v] = 0;
}

}  // namespace tuckerseg
