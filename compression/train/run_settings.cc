#include "compression/train/run_settings.h"

#include <cmath>
#include <span>
#include <sstream>
#include <string>

#include "engine/error.h"
#include "engine/model/bundle.h"
#include "engine/sha256.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMostSteps = int64_t{1} << 40;

[[noreturn]] void Refuse(const std::string& option, double value, const std::string& right) {
  std::ostringstream text;
  text << option << " = " << value << ": must be " << right;
  throw Error(ErrorCode::kInvalidArgument, text.str());
}

void CheckAtLeast(const std::string& option, int64_t value, int64_t least) {
  if (value < least) Refuse(option, static_cast<double>(value), "at least " + std::to_string(least));
}

/// Also refuses what is not a number.
void CheckRange(const std::string& option, double value, double low, double high) {
  if (value >= low && value <= high) return;
  std::ostringstream right;
  right << "in [" << low << ", " << high << "]";
  Refuse(option, value, right.str());
}

std::string CasesDigest(const TrainingSet& set) {
  Sha256 digest;
  for (const TrainingCase& source : set.training) {
    digest.Update(std::as_bytes(std::span(source.name)));
    digest.Update(std::as_bytes(std::span(source.shape)));
    digest.Update(std::as_bytes(std::span(source.image)));
    digest.Update(std::as_bytes(std::span(source.channels)));
  }
  return digest.Digest();
}

/// Labels, codes and provenance may be corrected while a training is interrupted; graph, grid and channels may not.
std::string NetworkDigest(Model model) {
  model.provenance = {};
  model.name = model.task = "network";
  for (Label& label : model.labels) label = {.value = label.value, .name = std::to_string(label.value)};
  Sha256 digest;
  const std::string text = EncodeModel(model);
  digest.Update(std::as_bytes(std::span(text)));
  return digest.Digest();
}

Json AugmentationSettings(const AugmentationOptions& a) {
  return {a.rotation_probability, a.rotation_degrees, a.scaling_probability, a.scaling.low, a.scaling.high, a.noise_probability,
          a.noise_variance.low, a.noise_variance.high, a.blur_probability, a.blur_sigma.low, a.blur_sigma.high, a.brightness_probability,
          a.brightness.low, a.brightness.high, a.contrast_probability, a.contrast.low, a.contrast.high, a.low_resolution_probability,
          a.low_resolution.low, a.low_resolution.high, a.inverted_gamma_probability, a.gamma_probability, a.gamma.low, a.gamma.high,
          a.mirror_probability};
}

}  // namespace

void CheckOptions(const TrainingRunOptions& options) {
  CheckAtLeast("--batch", options.batch, 1);
  CheckAtLeast("--threads", options.threads, 1);
  CheckAtLeast("--loader-threads", options.loader_threads, 1);
  CheckAtLeast("--epochs", options.epochs, 1);
  CheckAtLeast("--steps-per-epoch", options.steps_per_epoch, 1);
  CheckAtLeast("--checkpoint-steps", options.checkpoint_steps, 1);
  CheckAtLeast("--validate-every", options.validate_every, 1);
  if (options.epochs > kMostSteps / options.steps_per_epoch) Refuse("--epochs", static_cast<double>(options.epochs), "fewer");
  CheckRange("--learning-rate", options.learning_rate, 0, 100);
  CheckRange("--weight-decay", options.weight_decay, 0, 1);
  CheckRange("--momentum", options.momentum, 0, 0.9999);
  CheckRange("--clip", options.clip_norm, 0, 1e9);
  CheckRange("--average", options.average_decay, 0, 0.999999);
  CheckRange("--foreground", options.foreground_share, 0, 1);
  CheckRange("--minutes", options.minutes, 0, 1e6);
  CheckRange("--validation", options.validation, 0, 1e6);
  CheckRange("--tile-step", options.model.tile_step, 0.011, 1);
}

Json CurveSettings(const TrainingRunOptions& options, const Model& model, const TrainingSet& set) {
  return {{"--plans", NetworkDigest(model)},
          {"--data", CasesDigest(set)},
          {"--precision", options.bfloat16 ? "bf16" : "fp32"},
          {"--optimizer", options.adamw ? "adamw" : "sgd"},
          {"--schedule", options.cosine ? "cosine" : "poly"},
          {"--learning-rate", options.learning_rate},
          {"--weight-decay", options.weight_decay},
          {"--momentum", options.momentum},
          {"--clip", options.clip_norm},
          {"--average", options.average_decay},
          {"--batch-dice", options.batch_dice},
          {"--deep-supervision", options.deep_supervision},
          {"--batch", options.batch},
          {"--minutes", options.minutes},
          {"--epochs", options.minutes > 0 ? 0 : options.epochs},
          {"--steps-per-epoch", options.steps_per_epoch},
          {"--foreground", options.foreground_share},
          {"--seed", options.seed},
          {"augmentation", AugmentationSettings(options.augmentation)}};
}

int64_t StepsOf(const Json& settings) {
  const auto found = settings.find("steps");
  if (found == settings.end() || !found->is_number_integer() || found->get<int64_t>() < 1 || found->get<int64_t>() > kMostSteps) {
    throw Error(ErrorCode::kDataLoss, "checkpoint: settings.steps: must be a whole number above 0");
  }
  return found->get<int64_t>();
}

int64_t HeldOutCases(double validation, size_t cases) {
  return std::llround(validation < 1 ? validation * static_cast<double>(cases) : validation);
}

}  // namespace tuckerseg
