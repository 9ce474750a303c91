#include "compression/tune/tuned_variant.h"

#include <cstdio>
#include <memory>
#include <sstream>
#include <system_error>

#include "compression/tune/replaced_directory.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

std::string Fixed(double value) {
  char text[24];
  std::snprintf(text, sizeof(text), "%.4f", value);
  return text;
}

std::string Method(const TuningRunOptions& options) {
  const std::string way = options.hard_targets ? "its labels (cross-entropy and soft Dice)" : "its softmax (KL and soft Dice)";
  const std::string distilled = "distillation from the original, " + way;
  if (options.target == TuningTarget::kTeacher) return distilled;
  return options.target == TuningTarget::kLabels ? "fine-tuning on labels (nnU-Net's loss)" : distilled + ", and labels (nnU-Net's loss)";
}

}  // namespace

Variant RenamedVariant(const Variant& before, const std::string& suffix, bool make_default) {
  Variant after = before;
  for (VariantLevel& level : after.levels) {
    level.name += suffix;
    if (!suffix.empty()) level.is_default = level.is_default && make_default;
  }
  return after;
}

WeightStore RenamedLevels(const WeightStore& weights, const Variant& before, const Variant& after) {
  const auto keeper = std::make_shared<const WeightStore>(weights);
  WeightStore renamed;
  for (const auto& [name, tensor] : keeper->tensors()) {
    std::string wanted = name;
    for (size_t level = 1; level < before.levels.size(); ++level) {
      const std::string prefix = "level_" + before.levels[level].name + ".";  // up to "fold_": names may hold points, and one level's begin another's
      if (name.starts_with(prefix + "fold_")) wanted = "level_" + after.levels[level].name + "." + name.substr(prefix.size());
    }
    renamed.AddView(wanted, tensor, keeper);
  }
  return renamed;
}

TensorType StoredType(const WeightStore& weights, const std::string& name) {
  const TensorView* tensor = weights.Find(name);
  // level_NAME.fold_0.LAYER.bias: NAME may hold points, but no "fold_" behind one.
  if (tensor == nullptr) tensor = weights.Find(name.substr(std::min(name.size(), name.find(".fold_") + 1)));
  return tensor != nullptr && tensor->type == TensorType::kFloat16 ? TensorType::kFloat16 : TensorType::kFloat32;
}

std::string TuningRecord(const TunedStudent& student, const TuningRunOptions& options, const Size3& patch, const CaseFolder& folder,
                         int64_t held_out) {
  std::ostringstream text;
  text << "part " << student.part << ", fold " << student.fold << ": " << Method(options) << (options.elastic ? ", all levels in turn" : "") << "; "
       << student.steps << " steps of " << options.batch << " patches of " << patch[0] << " x " << patch[1] << " x " << patch[2];
  if (student.before) {
    text << ", weights of step " << student.kept_step << " kept (Dice of held-out cases " << Fixed(student.before->dice) << " -> " << Fixed(student.after->dice) << ")";
  }
  text << "; data: " << (folder.description.empty() ? "without a description" : folder.description) << (folder.phantoms ? " (phantoms)" : "") << ", "
       << folder.cases.size() << (folder.cases.size() == 1 ? " case" : " cases") << ", " << held_out << " of them held out; seed " << options.seed;
  return text.str();
}

void ReplaceVariant(const VariantFiles& files, const Model& model, const fs::path& directory) {
  const fs::path next = PlaceOfNext(directory);
  std::error_code ignored;
  fs::remove_all(next, ignored);  // left by a crash
  SaveVariant(files, model, next);
  ReplaceDirectory(directory);
}

}  // namespace tuckerseg
