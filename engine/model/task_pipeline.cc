#include "engine/model/task_pipeline.h"

namespace tuckerseg {
namespace {

// Rough models of the whole body (totalsegmentator-pipeline section 3).
constexpr int64_t kRoughCt = 298;
constexpr int64_t kRobustCt = 297;
constexpr int64_t kRoughMr = 852;

bool Given(const JsonField& entry, const char* key) {
  return entry.Has(key) && !entry.At(key).IsNull() && entry.At(key).json() != false;
}

int64_t ValueOf(const std::vector<Label>& labels, const std::string& name) {
  for (const Label& label : labels)
    if (label.name == name) return label.value;
  throw Error(ErrorCode::kInvalidArgument, "classes." + name + ": missing");
}

CropRule ReadCrop(const JsonField& crop, const TasksByDataset& tasks) {
  CropRule rule;
  rule.structures = crop.At("rois").Each([](const JsonField& f) { return f.Text(); });
  // The margin of the table is overwritten for the models that TotalSegmentator brings along.
  rule.margin_mm = crop.At("effective_margin_mm").Numbers3()[0];
  const JsonField model = crop.At("model");
  if (model.Has("task")) {
    rule.task = rule.robust_task = model.At("task").Text();
    return rule;
  }
  const int64_t dataset = model.At("dataset").Integer(1, 999);
  rule.task = tasks.at(dataset);
  rule.robust_task = dataset == kRoughCt ? tasks.at(kRobustCt) : rule.task;
  return rule;
}

/// `--roi_subset` of tasks of the whole body: cropped to the structures asked for.
CropRule SubsetCrop(const JsonField& entry, const TasksByDataset& tasks) {
  CropRule rule;
  const bool mr = entry.At("modality").Text() == "MR";
  rule.task = tasks.at(mr ? kRoughMr : kRoughCt);
  rule.robust_task = tasks.at(mr ? kRoughMr : kRobustCt);
  return rule;
}

void AddPostprocessing(const JsonField& step, const JsonField& entry, const std::vector<Label>& labels,
                       Pipeline& pipeline) {
  const std::string text = step.Text();
  if (text == "largest component of body_trunc") {
    pipeline.cleaning.push_back({CleaningKind::kKeepLargest, ValueOf(labels, "body_trunc"), 0});
  } else if (text == "drop body_extremities components <= 50000 mm3") {
    pipeline.cleaning.push_back({CleaningKind::kDropSmall, ValueOf(labels, "body_extremities"), 50000});
  } else if (text == "vertebra relabel + 3 mm dilation") {
    pipeline.cleaning.push_back({CleaningKind::kOrderVertebrae, 0, 0});
  } else if (text == "2 mm dilation and intersection with label 1 of dataset 305") {
    pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
  } else if (text == "remove outside dilated crop organs") {
    const JsonField outside = entry.At("remove_outside");
    pipeline.keep_near = NearRule{outside.At("rois").Each([](const JsonField& f) { return f.Text(); }), outside.At("dilation_mm").Number()};
  } else if (text != "auxiliary labels set to 0" && text != "non-ml: derived body.nii.gz and skin.nii.gz") {
    // The former is done by the channels' labels; the latter makes files beside the label map.
    step.Refuse("must be post-processing that the engine does");
  }
}

}  // namespace

Pipeline ReadPipeline(const std::string& task, const JsonField& entry, const std::vector<Label>& labels,
                      const TasksByDataset& tasks) {
  Pipeline pipeline;
  pipeline.totalsegmentator = true;
  pipeline.tile_step = entry.At("tile_step_size").Number();
  pipeline.statistics_at_model_spacing = task.ends_with("_fast");
  if (Given(entry, "crop")) {
    pipeline.crop = ReadCrop(entry.At("crop"), tasks);
  } else if (task.starts_with("total") && task != "total_highres_test") {
    pipeline.crop = SubsetCrop(entry, tasks);
  }
  if (Given(entry, "cascade")) entry.At("cascade").Refuse("must be false, the engine runs no cascade");
  if (entry.Has("postprocessing")) {
    entry.At("postprocessing").Each([&](const JsonField& step) {
      AddPostprocessing(step, entry, labels, pipeline);
      return 0;
    });
  }
  return pipeline;
}

}  // namespace tuckerseg
