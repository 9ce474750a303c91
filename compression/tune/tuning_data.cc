#include "compression/tune/tuning_data.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "compression/cases/known_masks.h"
#include "compression/train/run_settings.h"
#include "compression/train/validation.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr double kHeldOutShare = 0.1;
constexpr int64_t kMostChannels = 256;  // kept in a byte

}  // namespace

CaseFolder FindTuningCases(const std::filesystem::path& data, TuningTarget target) {
  return target == TuningTarget::kTeacher ? FindUnlabelledCases(data) : FindCases(data);
}

int64_t HeldOutOf(const std::optional<double>& validation, size_t cases) {
  if (validation) return HeldOutCases(*validation, cases);
  return cases < 2 ? 0 : std::max<int64_t>(1, HeldOutCases(kHeldOutShare, cases));
}

Model OnePart(const Model& model, size_t part) {
  Model one = model;
  one.parts = {model.parts.at(part)};
  const ModelPart& own = one.parts.front();
  if (own.regions) throw Error(ErrorCode::kInvalidArgument, "part " + own.name + ": has regions: must be a network of exclusive labels to be tuned");
  if (own.graph.InChannels() != 1) throw Error(ErrorCode::kInvalidArgument, "part " + own.name + ": has several input channels: must have one, the CT, to be tuned");
  if (own.graph.OutChannels() > kMostChannels) {
    throw Error(ErrorCode::kInvalidArgument, "part " + own.name + ": has " + std::to_string(own.graph.OutChannels()) + " output channels: must have at most 256 to be tuned");
  }
  return one;
}

Model InLabelsOf(const CaseFolder& folder, Model model) {
  std::map<int64_t, std::string> names;
  for (const Label& label : model.labels) names[label.value] = label.name;
  std::vector<int64_t>& values = model.parts.front().channel_labels;
  size_t known = 0;
  for (size_t c = 1; c < values.size(); ++c) {
    const auto found = folder.classes.find(names[values[c]]);
    if (found == folder.classes.end()) continue;
    ++known;
    values[c] = found->second;
  }
  if (known + 1 < values.size()) {
    throw Error(ErrorCode::kInvalidArgument, "--data: labels " + std::to_string(known) + " of " + std::to_string(values.size() - 1) + " structures of part " +
                                                 model.parts.front().name + ": must label all, by the model's names, or distil with --teacher original");
  }
  return model;
}

CaseFolder WithMasksOfPart(const CaseFolder& folder, const Model& model) {
  const std::vector<int64_t>& values = model.parts.front().channel_labels;
  std::set<std::string> names;
  for (const Label& label : model.labels)
    if (std::find(values.begin(), values.end(), label.value) != values.end()) names.insert(label.name);
  return WithMasksOf(folder, names);
}

void LabelByTeacher(const Teacher& teacher, const Model& model, int threads, std::vector<TrainingCase>& cases,
                    const std::function<void()>& told) {
  for (TrainingCase& target : cases) {
    SetChannels(target, SegmentCase(teacher.graph(), teacher.parameters(), model.parts.front(), model.pipeline.tile_step, target,
                                    teacher.precision(), threads));
    told();
  }
}

}  // namespace tuckerseg
