#include "compression/cli/train_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "compression/cli/learning_arguments.h"
#include "compression/cli/training_display.h"
#include "compression/train/training_run.h"
#include "engine/freed_memory.h"

namespace tuckerseg {
namespace {

struct TrainArguments {
  TrainingRunOptions run;
  LearningArguments learning;
  std::string store = "fp32";
  bool no_deep_supervision = false;
};

void AddFileOptions(CLI::App& command, TrainArguments& arguments) {
  TrainingRunOptions& run = arguments.run;
  command.add_option("--data", run.data, "Cases: nnU-Net's raw data set, or TotalSegmentator's layout (sXXXX/ct.nii.gz, segmentations)")->required();
  command.add_option("--plans", run.plans, "nnU-Net's plans.json: network, patch, spacing, intensities")->required();
  command.add_option("--configuration", run.model.configuration, "Configuration of the plans")->capture_default_str();
  command.add_option("-o,--output", run.output, "Bundle to write: a new or empty directory")->required();
  command.add_option("--training-directory", run.training_directory, "Checkpoint and log.csv; default: BUNDLE.training");
  command.add_option("--structures", run.model.structures, "Classes to train, e.g. liver,spleen; all others are background. Default: all that occur")->delimiter(',');
  command.add_option("--task", run.model.task, "Task that the model serves, e.g. total_fast; default: --name, or else trained");
  command.add_option("--name", run.model.name, "The model's name; default: --task, or else trained");
  command.add_option("--source", run.model.source, "Statement about the training data, for the model's users");
  command.add_option("--licence", run.model.licence, "Licence of the model");
  command.add_option("--store", arguments.store, "Type of the bundle's weights: fp32 or fp16")->check(CLI::IsMember({"fp32", "fp16"}))->capture_default_str();
  command.add_option("--tile-step", run.model.tile_step, "Share of the patch by which it moves, in validation and in the bundle")->capture_default_str();
  command.add_option("--validation", run.validation, "Held-out cases, the last by name: a number, or a share below 1")->capture_default_str();
  command.add_flag("--batch-dice", run.batch_dice, "Dice over the whole batch instead of patch by patch");
  command.add_flag("--no-deep-supervision", arguments.no_deep_supervision, "Loss at the patch's resolution alone");
}

int64_t Parameters(const Bundle& bundle) {
  int64_t parameters = 0;
  for (const auto& [name, tensor] : bundle.weights.front().tensors()) parameters += tensor.ElementCount();
  return parameters;
}

void PrintText(const Bundle& bundle, const std::string& output) {
  std::printf("%s: task %s, %zu structures, %lld parameters\n", output.c_str(), bundle.model.task.c_str(), bundle.model.labels.size(),
              static_cast<long long>(Parameters(bundle)));
}

void PrintJson(const TrainingResult& result, const std::string& output) {
  const Model& model = result.bundle.model;
  nlohmann::ordered_json report{{"output", output}, {"task", model.task}, {"structures", model.labels.size()},
                                {"parameters", Parameters(result.bundle)}, {"steps", result.steps}, {"seconds", result.seconds}};
  if (result.dice) report["dice"] = *result.dice;
  std::printf("%s\n", report.dump(1).c_str());
}

void Train(TrainArguments& arguments) {
  TrainingRunOptions& run = arguments.run;
  TakeArguments(arguments.learning, run);
  KeepFreedMemory();
  run.half_weights = arguments.store == "fp16";
  run.deep_supervision = !arguments.no_deep_supervision;
  TrainingDisplay display(arguments.learning.quiet);
  const TrainingResult result = RunTraining(run, [&display](const TrainingProgress& progress) { display.Show(progress); });
  if (arguments.learning.json) {
    PrintJson(result, run.output.string());
  } else if (!arguments.learning.quiet) {
    PrintText(result.bundle, run.output.string());
  }
}

}  // namespace

void AddTrainCommand(CLI::App& app) {
  const auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command = app.add_subcommand("train", "Train a network from nothing; the same command resumes it after an interruption");
  AddFileOptions(*command, *arguments);
  AddScheduleOptions(*command, arguments->run, arguments->learning);
  AddLearningOptions(*command, arguments->run, arguments->learning);
  command->callback([arguments] { Train(*arguments); });
}

}  // namespace tuckerseg
