#include "compression/train/learning_options.h"

#include <sstream>

#include "engine/error.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMostSteps = int64_t{1} << 40;

[[noreturn]] void Refuse(const std::string& option, double value, const std::string& right) {
  std::ostringstream text;
  text << option << " = " << value << ": must be " << right;
  throw Error(ErrorCode::kInvalidArgument, text.str());
}

Json AugmentationSettings(const AugmentationOptions& a) {
  return {a.rotation_probability, a.rotation_degrees, a.scaling_probability, a.scaling.low, a.scaling.high, a.noise_probability,
          a.noise_variance.low, a.noise_variance.high, a.blur_probability, a.blur_sigma.low, a.blur_sigma.high, a.brightness_probability,
          a.brightness.low, a.brightness.high, a.contrast_probability, a.contrast.low, a.contrast.high, a.low_resolution_probability,
          a.low_resolution.low, a.low_resolution.high, a.inverted_gamma_probability, a.gamma_probability, a.gamma.low, a.gamma.high,
          a.mirror_probability};
}

}  // namespace

std::vector<std::string> DevicesOf(const std::string& device) {
  std::vector<std::string> devices;
  std::istringstream list(device);
  for (std::string name; std::getline(list, name, ',');) devices.push_back(name);
  if (devices.empty()) devices.push_back(device);
  return devices;
}

void CheckAtLeast(const std::string& option, int64_t value, int64_t least) {
  if (value < least) Refuse(option, static_cast<double>(value), "at least " + std::to_string(least));
}

void CheckRange(const std::string& option, double value, double low, double high) {
  if (value >= low && value <= high) return;
  std::ostringstream right;
  right << "in [" << low << ", " << high << "]";
  Refuse(option, value, right.str());
}

void CheckLearningOptions(const LearningOptions& options) {
  CheckAtLeast("--batch", options.batch, static_cast<int64_t>(DevicesOf(options.device).size()));
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
}

Json LearningSettings(const LearningOptions& options) {
  return {{"--precision", options.bfloat16 ? "bf16" : "fp32"},
          {"--optimizer", options.adamw ? "adamw" : "sgd"},
          {"--schedule", options.cosine ? "cosine" : "poly"},
          {"--learning-rate", options.learning_rate},
          {"--weight-decay", options.weight_decay},
          {"--momentum", options.momentum},
          {"--clip", options.clip_norm},
          {"--average", options.average_decay},
          {"--batch", options.batch},
          {"--minutes", options.minutes},
          {"--epochs", options.minutes > 0 ? 0 : options.epochs},
          {"--steps-per-epoch", options.steps_per_epoch},
          {"--foreground", options.foreground_share},
          {"--seed", options.seed},
          {"augmentation", AugmentationSettings(options.augmentation)}};
}

}  // namespace tuckerseg
