#include "engine/model/pipeline_json.h"

namespace tuckerseg {
namespace {

constexpr std::initializer_list<const char*> kCleaningKinds{"keep_largest", "drop_small", "order_vertebrae"};
constexpr double kMostMillimetres = 1000;

std::vector<std::string> Names(const JsonField& field) {
  return field.Each([](const JsonField& f) { return f.Text(); });
}

double Millimetres(const JsonField& field) {
  const double value = field.Number();
  if (!(value >= 0 && value <= kMostMillimetres)) field.Refuse("must be in [0, 1000] mm");
  return value;
}

Json CropJson(const CropRule& crop) {
  return {{"task", crop.task}, {"robust_task", crop.robust_task}, {"structures", crop.structures}, {"margin_mm", crop.margin_mm}};
}

CropRule ParseCrop(const JsonField& field) {
  return {field.At("task").Text(), field.At("robust_task").Text(), Names(field.At("structures")), Millimetres(field.At("margin_mm"))};
}

Json CleaningJson(const CleaningStep& step) {
  Json json{{"kind", kCleaningKinds.begin()[static_cast<size_t>(step.kind)]}};
  if (step.kind != CleaningKind::kOrderVertebrae) json["label"] = step.label;
  if (step.kind == CleaningKind::kDropSmall) json["volume_mm3"] = step.volume_mm3;
  return json;
}

CleaningStep ParseCleaning(const JsonField& field) {
  CleaningStep step;
  step.kind = static_cast<CleaningKind>(field.At("kind").OneOf(kCleaningKinds));
  if (step.kind != CleaningKind::kOrderVertebrae) step.label = field.At("label").Integer(1, 65535);
  if (step.kind == CleaningKind::kDropSmall) {
    step.volume_mm3 = field.At("volume_mm3").Number();
    if (step.volume_mm3 < 0) field.At("volume_mm3").Refuse("must not be negative");
  }
  return step;
}

}  // namespace

Json PipelineJson(const Pipeline& pipeline) {
  Json json{{"kind", pipeline.totalsegmentator ? "totalsegmentator" : "nnunet"},
            {"spacing_mm", nullptr},
            {"resampling_order", pipeline.resampling_order},
            {"tile_step", pipeline.tile_step}};
  if (pipeline.spacing_mm) json["spacing_mm"] = *pipeline.spacing_mm;
  if (pipeline.crop) json["crop"] = CropJson(*pipeline.crop);
  for (const CleaningStep& step : pipeline.cleaning) json["cleaning"].push_back(CleaningJson(step));
  if (pipeline.keep_near) {
    json["keep_near"] = {{"structures", pipeline.keep_near->structures}, {"distance_mm", pipeline.keep_near->distance_mm}};
  }
  if (pipeline.refine) {
    json["refine"] = {{"task", pipeline.refine->task}, {"structure", pipeline.refine->structure}, {"distance_mm", pipeline.refine->distance_mm}};
  }
  if (pipeline.statistics_at_model_spacing) json["statistics_at_model_spacing"] = true;
  return json;
}

Pipeline ParsePipeline(const JsonField& field) {
  Pipeline pipeline;
  pipeline.totalsegmentator = field.At("kind").OneOf({"nnunet", "totalsegmentator"}) == 1;
  const JsonField spacing = field.At("spacing_mm");
  if (!spacing.IsNull()) {
    pipeline.spacing_mm = spacing.Numbers3();
    for (const double value : *pipeline.spacing_mm)
      if (!(value > 0)) spacing.Refuse("must be above 0 mm");
  }
  pipeline.resampling_order = static_cast<int>(field.At("resampling_order").Integer(0, 3));
  if (pipeline.resampling_order == 2) field.At("resampling_order").Refuse("must be 0, 1 or 3");
  pipeline.tile_step = field.At("tile_step").Number();
  if (!(pipeline.tile_step > 0.01 && pipeline.tile_step <= 1)) field.At("tile_step").Refuse("must be in (0.01, 1]");
  if (field.Has("crop")) pipeline.crop = ParseCrop(field.At("crop"));
  if (field.Has("cleaning")) pipeline.cleaning = field.At("cleaning").Each(ParseCleaning);
  if (field.Has("keep_near")) {
    const JsonField near = field.At("keep_near");
    pipeline.keep_near = NearRule{Names(near.At("structures")), Millimetres(near.At("distance_mm"))};
    if (!pipeline.crop) near.Refuse("must not stand without `crop`, whose model finds its structures");
  }
  if (field.Has("refine")) {
    const JsonField refine = field.At("refine");
    pipeline.refine = RefineRule{refine.At("task").Text(), refine.At("structure").Text(), Millimetres(refine.At("distance_mm"))};
  }
  if (field.Has("statistics_at_model_spacing")) pipeline.statistics_at_model_spacing = field.At("statistics_at_model_spacing").Boolean();
  return pipeline;
}

}  // namespace tuckerseg
