#include "compression/evaluate/evaluation.h"

#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "compression/cases/same_grid.h"
#include "engine/error.h"
#include "engine/volume/orientation.h"

namespace tuckerseg {
namespace {

constexpr size_t kLabelValues = size_t{1} << 16;

/// What a label value of the data is called in the model's values; 0 where the model does not know the name.
std::map<int64_t, uint16_t> ModelValues(const Model& model, const CaseFolder& folder) {
  std::map<int64_t, uint16_t> values;
  for (const Label& label : model.labels) {
    const auto found = folder.classes.find(label.name);
    if (found != folder.classes.end()) values[found->second] = static_cast<uint16_t>(label.value);
  }
  if (values.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "--data: names no structure of the model " + model.name + ": must hold labels of at least one");
  }
  return values;
}

/// The model's value of each label value that the data name, kUnnamed of all others.
constexpr int32_t kUnnamed = -1;
std::vector<int32_t> ValueTable(const CaseFolder& folder, const std::map<int64_t, uint16_t>& values) {
  std::vector<int32_t> table(kLabelValues, kUnnamed);
  table[0] = 0;
  for (const auto& [name, value] : folder.classes) table[static_cast<size_t>(value)] = 0;
  for (const auto& [data_value, value] : values) table[static_cast<size_t>(data_value)] = value;
  return table;
}

std::vector<uint16_t> ReferenceLabels(const CaseFiles& files, const CaseFolder& folder, const Geometry& ct, const std::map<int64_t, uint16_t>& values,
                                      int threads) {
  const Volume stored = ReadLabels(files, folder.classes);
  CheckSameGrid(files.name, ct, stored.geometry);
  const std::vector<int32_t> table = ValueTable(folder, values);
  std::vector<uint16_t> labels;
  labels.reserve(static_cast<size_t>(ct.VoxelCount()));
  for (const float value : ToFloat(ViewOf(stored), threads)) {
    if (!(value >= 0 && value < static_cast<float>(kLabelValues)) || value != std::floor(value)) {
      throw Error(ErrorCode::kInvalidArgument, "case " + files.name + ": label " + std::to_string(value) + ": must be a whole number in [0, 65535]");
    }
    const int32_t known = table[static_cast<size_t>(value)];
    if (known == kUnnamed) {
      throw Error(ErrorCode::kInvalidArgument, "case " + files.name + ": label " + std::to_string(static_cast<int>(value)) + ": must be a value of dataset.labels");
    }
    labels.push_back(static_cast<uint16_t>(known));
  }
  return labels;
}

/// Labels that the data do not name are background: they can be neither right nor wrong.
void KeepKnown(const std::map<int64_t, uint16_t>& values, std::span<uint16_t> labels) {
  std::vector<uint16_t> kept(kLabelValues, 0);
  for (const auto& [data_value, value] : values) kept[value] = value;
  for (uint16_t& label : labels) label = kept[label];
}

/// A segmenter runs its own networks alone: without what else the task does, its figures would be another task's.
void RefuseOtherModels(const Model& model) {
  const Pipeline& pipeline = model.pipeline;
  const bool own_crop = pipeline.crop && !pipeline.crop->structures.empty();
  if (!own_crop && !pipeline.keep_near && !pipeline.refine) return;
  throw Error(ErrorCode::kFailedPrecondition, "bundle: task " + model.task + " needs another model's result: must be a task of one model");
}

std::string NameOf(const Model& model, int64_t value) {
  for (const Label& label : model.labels)
    if (label.value == value) return label.name;
  return {};
}

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

CaseEvaluation EvaluateCase(Segmenter& segmenter, const CaseFolder& folder, const CaseFiles& files, const std::map<int64_t, uint16_t>& values,
                            const SegmentOptions& options) {
  const Volume ct = ReadVolume(files.ct, "case " + files.name + ": image");
  const std::vector<uint16_t> reference = ReferenceLabels(files, folder, ct.geometry, values, options.threads);
  CaseEvaluation result;
  result.name = files.name;
  const Spacing3 spacing = ct.geometry.AffineSpacingMm();
  result.voxel_mm3 = spacing[0] * spacing[1] * spacing[2];
  const double begin = Now();
  Segmentation found = segmenter.Segment(ct, options);
  result.seconds = Now() - begin;
  KeepKnown(values, found.label_map.labels);
  for (const auto& [value, overlap] : CountOverlaps(found.label_map.labels, reference)) result.overlaps[NameOf(segmenter.model(), value)] = overlap;
  return result;
}

}  // namespace

std::vector<StructureScore> ScoreStructures(const std::vector<std::string>& names, const std::vector<CaseEvaluation>& cases) {
  std::vector<StructureScore> scores;
  for (const std::string& name : names) {
    StructureScore score{.name = name};
    for (const CaseEvaluation& one : cases) {
      const auto found = one.overlaps.find(name);
      if (found == one.overlaps.end()) continue;
      if (found->second.reference == 0) {
        ++score.found_absent;
        continue;
      }
      ++score.cases;
      score.dice += found->second.Dice();
    }
    if (score.cases > 0) score.dice /= score.cases;
    scores.push_back(std::move(score));
  }
  return scores;
}

Evaluation Evaluate(Segmenter& segmenter, const CaseFolder& folder, const SegmentOptions& options, const EvaluationSink& told) {
  RefuseOtherModels(segmenter.model());
  const std::map<int64_t, uint16_t> values = ModelValues(segmenter.model(), folder);
  Evaluation result;
  for (const CaseFiles& files : folder.cases) {
    result.cases.push_back(EvaluateCase(segmenter, folder, files, values, options));
    if (told) told(result.cases.back(), result.cases.size(), folder.cases.size());
  }
  std::vector<std::string> names;
  for (const Label& label : segmenter.model().labels)
    if (folder.classes.contains(label.name)) names.push_back(label.name);
  result.structures = ScoreStructures(names, result.cases);
  int counted = 0;
  for (const StructureScore& score : result.structures) {
    if (score.cases == 0) continue;
    result.mean_dice += score.dice;
    ++counted;
  }
  if (counted == 0) throw Error(ErrorCode::kInvalidArgument, "--data: no case holds a structure of the model: must hold at least one");
  result.mean_dice /= counted;
  return result;
}

}  // namespace tuckerseg
