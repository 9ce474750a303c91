#include "compression/train/run_settings.h"

#include <cmath>
#include <span>
#include <string>

#include "engine/error.h"
#include "engine/model/bundle.h"
#include "engine/sha256.h"

namespace tuckerseg {

std::string CasesDigest(const std::vector<TrainingCase>& cases) {
  Sha256 digest;
  for (const TrainingCase& source : cases) {
    digest.Update(std::as_bytes(std::span(source.name)));
    digest.Update(std::as_bytes(std::span(source.shape)));
    digest.Update(std::as_bytes(std::span(source.image)));
    digest.Update(std::as_bytes(std::span(source.channels)));
  }
  return digest.Digest();
}

std::string NetworkDigest(Model model) {
  model.provenance = {};
  model.name = model.task = "network";
  for (Label& label : model.labels) label = {.value = label.value, .name = std::to_string(label.value)};
  Sha256 digest;
  const std::string text = EncodeModel(model);
  digest.Update(std::as_bytes(std::span(text)));
  return digest.Digest();
}

void CheckOptions(const TrainingRunOptions& options) {
  CheckLearningOptions(options);
  CheckRange("--validation", options.validation, 0, 1e6);
  CheckRange("--tile-step", options.model.tile_step, 0.011, 1);
  if (options.batch_dice && DevicesOf(options.device).size() > 1) {  // each sees its share of the batch alone
    throw Error(ErrorCode::kInvalidArgument, "--device = " + options.device + ": must be one with --batch-dice");
  }
}

Json CurveSettings(const TrainingRunOptions& options, const Model& model, const TrainingSet& set) {
  Json settings = LearningSettings(options);
  settings["--plans"] = NetworkDigest(model);
  settings["--data"] = CasesDigest(set.training);
  settings["--batch-dice"] = options.batch_dice;
  settings["--deep-supervision"] = options.deep_supervision;
  return settings;
}

int64_t HeldOutCases(double validation, size_t cases) {
  return std::llround(validation < 1 ? validation * static_cast<double>(cases) : validation);
}

}  // namespace tuckerseg
