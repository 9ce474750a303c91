#include "compression/tune/tuning_data.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

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
    known += found == folder.classes.end() ? 0 : 1;
    values[c] = found == folder.classes.end() ? -static_cast<int64_t>(c) : found->second;  // no label is negative
  }
  if (known == 0) throw Error(ErrorCode::kInvalidArgument, "--data: labels none of the structures of part " + model.parts.front().name + ": must name at least one as the model does");
  return model;
}

void LabelByTeacher(const Teacher& teacher, const Model& model, int threads, std::vector<TrainingCase>& cases,
                    const std::function<void(size_t done, size_t total)>& told) {
  for (size_t i = 0; i < cases.size(); ++i) {
    SetChannels(cases[i], SegmentCase(teacher.graph(), teacher.parameters(), model.parts.front(), model.pipeline.tile_step, cases[i],
                                      teacher.precision(), threads));
    if (told) told(i + 1, cases.size());
  }
}

}  // namespace tuckerseg
