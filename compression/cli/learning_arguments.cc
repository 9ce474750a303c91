#include "compression/cli/learning_arguments.h"

#include <string>

#include "engine/cli/option_checks.h"
#include "engine/error.h"
#include "engine/execute/slow_precision.h"

namespace tuckerseg {

void AddScheduleOptions(CLI::App& command, LearningOptions& options, LearningArguments& arguments) {
  CLI::Option* epochs = command.add_option("--epochs", options.epochs, "Epochs")->capture_default_str();
  command.add_option("--steps-per-epoch", options.steps_per_epoch, "Steps of an epoch, after which it is scored")->capture_default_str();
  command.add_option("--minutes", options.minutes, "Instead of --epochs: as many steps as fit, measured once before the first; for each network by itself")
      ->check(NumberIn(1e-3, 1e6))->excludes(epochs);
  command.add_option("--checkpoint-steps", options.checkpoint_steps, "Steps from one checkpoint to the next")->capture_default_str();
  command.add_option("--validate-every", options.validate_every, "Epochs from one score to the next")->capture_default_str();
  command.add_option("--device", options.device, "cpu or cuda:N; several, cuda:0,cuda:1, share each batch")->capture_default_str();
  command.add_option("--threads", options.threads, "Threads of LibTorch")->capture_default_str();
  command.add_option("--loader-threads", options.loader_threads, "Threads that cut and augment patches")->capture_default_str();
  command.add_option("--precision", arguments.precision, "fp32 or bf16, of the convolutions")->check(CLI::IsMember({"fp32", "bf16"}))->capture_default_str();
  command.add_flag("--checkpointing", options.recompute_activations, "Compute activations twice instead of keeping them: less memory, a third more time");
  command.add_option("--seed", options.seed, "Seed of all that is drawn")->capture_default_str();
  command.add_option("--max-memory", arguments.max_memory_gib, "GiB that all cases may take in memory")->capture_default_str();
  command.add_flag("--quiet", arguments.quiet, "No progress");
  command.add_flag("--json", arguments.json, "Print the result as JSON");
}

void AddLearningOptions(CLI::App& command, LearningOptions& options, LearningArguments& arguments) {
  arguments.optimizer = options.adamw ? "adamw" : "sgd";
  command.add_option("--batch", options.batch, "Patches of a step")->capture_default_str();
  command.add_option("--optimizer", arguments.optimizer, "sgd or adamw")->check(CLI::IsMember({"sgd", "adamw"}))->capture_default_str();
  command.add_option("--schedule", arguments.schedule, "poly or cosine")->check(CLI::IsMember({"poly", "cosine"}))->capture_default_str();
  command.add_option("--learning-rate", options.learning_rate, "Learning rate of the first step")->capture_default_str();
  command.add_option("--weight-decay", options.weight_decay, "Weight decay")->capture_default_str();
  command.add_option("--momentum", options.momentum, "Nesterov momentum of sgd")->capture_default_str();
  command.add_option("--clip", options.clip_norm, "Largest norm of the gradient; 0: any")->capture_default_str();
  command.add_option("--average", options.average_decay, "Decay of the weights' running mean, which is what is written; 0: none")->capture_default_str();
  command.add_option("--foreground", options.foreground_share, "Share of patches around a structure")->capture_default_str();
  command.add_flag("--no-augmentation", arguments.no_augmentation, "Patches as they are");
  command.add_flag("--mirror", arguments.mirror, "Mirror patches too; not for structures that have a side");
}

void TakeArguments(const LearningArguments& arguments, LearningOptions& options) {
  for (const std::string& device : DevicesOf(options.device)) RefuseSlowPrecision("--precision", device, arguments.precision);
  options.adamw = arguments.optimizer == "adamw";
  options.cosine = arguments.schedule == "cosine";
  options.bfloat16 = arguments.precision == "bf16";
  if (arguments.no_augmentation) options.augmentation = AugmentationOptions::None();
  if (arguments.mirror) options.augmentation.mirror_probability = 0.5;
  if (!(arguments.max_memory_gib > 0 && arguments.max_memory_gib < 1e6)) {
    throw Error(ErrorCode::kInvalidArgument, "--max-memory = " + std::to_string(arguments.max_memory_gib) + ": must be GiB above 0");
  }
  options.max_memory_bytes = static_cast<int64_t>(arguments.max_memory_gib * (1 << 30));
}

}  // namespace tuckerseg
