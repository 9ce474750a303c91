#include "compression/cli/train_command.h"

#include <malloc.h>

#include <limits>
#include <memory>
#include <string>

#include "compression/cli/training_display.h"
#include "compression/train/training_run.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

struct TrainArguments {
  TrainingRunOptions run;
  std::string optimizer = "sgd";
  std::string schedule = "poly";
  std::string precision = "fp32";
  std::string store = "fp32";
  double max_memory_gib = 4;
  bool no_augmentation = false;
  bool no_deep_supervision = false;
  bool mirror = false;
  bool quiet = false;
};

/// LibTorch computes bf16 without the instructions for it in scalar code: a step of a day.
void RefuseSlowPrecision(const TrainArguments& arguments) {
  if (arguments.precision != "bf16" || arguments.run.device != "cpu") return;
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512bf16")) {
    throw Error(ErrorCode::kFailedPrecondition, "--precision = bf16: this processor has no AVX-512 BF16, without which it is many times slower: must be fp32");
  }
}

void AddFileOptions(CLI::App& command, TrainArguments& arguments) {
  TrainingRunOptions& run = arguments.run;
  command.add_option("--data", run.data, "Cases: nnU-Net's raw data set, or TotalSegmentator's layout (sXXXX/ct.nii.gz, segmentations)")->required();
  command.add_option("--plans", run.plans, "nnU-Net's plans.json: network, patch, spacing, intensities")->required();
  command.add_option("--configuration", run.model.configuration, "Configuration of the plans")->capture_default_str();
  command.add_option("-o,--output", run.output, "Bundle to write: a new or empty directory")->required();
  command.add_option("--training-directory", run.training_directory, "Checkpoint and log.csv; default: BUNDLE.training");
  command.add_option("--structures", run.model.structures, "Classes to train, e.g. liver,spleen; all others are background. Default: all that occur")->delimiter(',');
  command.add_option("--task", run.model.task, "Task that the model serves, e.g. total_fast; default: --name");
  command.add_option("--name", run.model.name, "The model's name; default: --task");
  command.add_option("--source", run.model.source, "Statement about the training data, for the model's users");
  command.add_option("--licence", run.model.licence, "Licence of the model");
  command.add_option("--store", arguments.store, "Type of the bundle's weights: fp32 or fp16")->check(CLI::IsMember({"fp32", "fp16"}))->capture_default_str();
  command.add_option("--tile-step", run.model.tile_step, "Share of the patch by which it moves, in validation and in the bundle")->capture_default_str();
  command.add_option("--max-memory", arguments.max_memory_gib, "GiB that all cases may take in memory")->capture_default_str();
  command.add_flag("--quiet", arguments.quiet, "No progress");
}

void AddScheduleOptions(CLI::App& command, TrainArguments& arguments) {
  TrainingRunOptions& run = arguments.run;
  command.add_option("--epochs", run.epochs, "Epochs")->capture_default_str();
  command.add_option("--steps-per-epoch", run.steps_per_epoch, "Steps of an epoch, after which it is scored")->capture_default_str();
  command.add_option("--minutes", run.minutes, "Instead of --epochs: as many steps as fit, measured once before the first");
  command.add_option("--checkpoint-steps", run.checkpoint_steps, "Steps from one checkpoint to the next")->capture_default_str();
  command.add_option("--validation", run.validation, "Held-out cases, the last by name: a number, or a share below 1")->capture_default_str();
  command.add_option("--validate-every", run.validate_every, "Epochs from one score to the next")->capture_default_str();
  command.add_option("--device", run.device, "cpu or cuda:N")->capture_default_str();
  command.add_option("--threads", run.threads, "Threads of LibTorch")->capture_default_str();
  command.add_option("--loader-threads", run.loader_threads, "Threads that cut and augment patches")->capture_default_str();
  command.add_option("--precision", arguments.precision, "fp32 or bf16, of the convolutions")->check(CLI::IsMember({"fp32", "bf16"}))->capture_default_str();
  command.add_option("--seed", run.seed, "Seed of weights, patches and augmentation")->capture_default_str();
}

void AddLearningOptions(CLI::App& command, TrainArguments& arguments) {
  TrainingRunOptions& run = arguments.run;
  command.add_option("--batch", run.batch, "Patches of a step")->capture_default_str();
  command.add_option("--optimizer", arguments.optimizer, "sgd or adamw")->check(CLI::IsMember({"sgd", "adamw"}))->capture_default_str();
  command.add_option("--schedule", arguments.schedule, "poly or cosine")->check(CLI::IsMember({"poly", "cosine"}))->capture_default_str();
  command.add_option("--learning-rate", run.learning_rate, "Learning rate of the first step")->capture_default_str();
  command.add_option("--weight-decay", run.weight_decay, "Weight decay")->capture_default_str();
  command.add_option("--momentum", run.momentum, "Nesterov momentum of sgd")->capture_default_str();
  command.add_option("--clip", run.clip_norm, "Largest norm of the gradient; 0: any")->capture_default_str();
  command.add_option("--average", run.average_decay, "Decay of the weights' running mean, which is what is written; 0: none")->capture_default_str();
  command.add_option("--foreground", run.foreground_share, "Share of patches around a structure")->capture_default_str();
  command.add_flag("--batch-dice", run.batch_dice, "Dice over the whole batch instead of patch by patch");
  command.add_flag("--no-deep-supervision", arguments.no_deep_supervision, "Loss at the patch's resolution alone");
  command.add_flag("--no-augmentation", arguments.no_augmentation, "Patches as they are");
  command.add_flag("--mirror", arguments.mirror, "Mirror patches too; not for structures that have a side");
}

/// A step makes and frees the same dozens of features of 30 to 130 MB. Given back each time, their page faults cost a good part of it.
/// The main thread's arena alone holds them, so that the number of arenas need not be bound.
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

void Train(TrainArguments& arguments) {
  RefuseSlowPrecision(arguments);
  KeepFreedMemory();
  TrainingRunOptions& run = arguments.run;
  run.adamw = arguments.optimizer == "adamw";
  run.cosine = arguments.schedule == "cosine";
  run.bfloat16 = arguments.precision == "bf16";
  run.half_weights = arguments.store == "fp16";
  run.deep_supervision = !arguments.no_deep_supervision;
  if (arguments.no_augmentation) run.augmentation = AugmentationOptions::None();
  if (arguments.mirror) run.augmentation.mirror_probability = 0.5;
  if (!(arguments.max_memory_gib > 0 && arguments.max_memory_gib < 1e6)) {
    throw Error(ErrorCode::kInvalidArgument, "--max-memory = " + std::to_string(arguments.max_memory_gib) + ": must be GiB above 0");
  }
  run.max_memory_bytes = static_cast<int64_t>(arguments.max_memory_gib * (1 << 30));
  TrainingDisplay display(arguments.quiet);
  const Bundle bundle = RunTraining(run, [&display](const TrainingProgress& progress) { display.Show(progress); });
  display.Finish(bundle, run.output.string());
}

}  // namespace

void AddTrainCommand(CLI::App& app) {
  const auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command = app.add_subcommand("train", "Train a network from nothing; the same command resumes it after an interruption");
  AddFileOptions(*command, *arguments);
  AddScheduleOptions(*command, *arguments);
  AddLearningOptions(*command, *arguments);
  command->callback([arguments] { Train(*arguments); });
}

}  // namespace tuckerseg
