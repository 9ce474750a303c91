#include "compression/cli/tune_command.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "compression/cli/learning_arguments.h"
#include "compression/cli/training_display.h"
#include "compression/tune/tuning_run.h"
#include "engine/freed_memory.h"

namespace tuckerseg {
namespace {

struct TuneArguments {
  TuningRunOptions run;
  LearningArguments learning;
  std::string teacher = "original";
  std::string store = "same";
  std::vector<int64_t> patch;
};

void AddFileOptions(CLI::App& command, TuneArguments& arguments) {
  TuningRunOptions& run = arguments.run;
  command.add_option("bundle", run.bundle, "Bundle: the original")->required();
  command.add_option("variant", run.variant, "Variant of it: what is tuned")->required();
  command.add_option("--data", run.data, "CTs: nnU-Net's layout (imagesTr, or imagesTs where that is all there is), TotalSegmentator's, or a folder of .nii.gz; labels are used with --teacher labels|both alone")->required();
  command.add_option("-o,--output", run.output, "Variant to write: a new or empty directory; default: beside VARIANT, with --suffix behind its name");
  command.add_flag("--in-place", run.in_place, "Put the tuned variant in the place of VARIANT, under its name");
  command.add_option("--suffix", run.suffix, "What the names of the levels get behind them, but for --in-place")->capture_default_str();
  command.add_flag("--default", run.make_default, "Under the new names, too, the levels run that a request asks for by number");
  command.add_option("--tuning-directory", run.tuning_directory, "Checkpoints and log.csv; default: OUTPUT.tuning");
  command.add_option("--store", arguments.store, "Type of the weights: same, fp32 or fp16")->check(CLI::IsMember({"same", "fp32", "fp16"}))->capture_default_str();
}

void AddTuningOptions(CLI::App& command, TuneArguments& arguments) {
  TuningRunOptions& run = arguments.run;
  command.add_option("--teacher", arguments.teacher, "What is learnt: the original's answers, labels, or both")->check(CLI::IsMember({"original", "labels", "both"}))->capture_default_str();
  command.add_option("--temperature", run.temperature, "Of the divergence from the original's softmax")->capture_default_str();
  command.add_flag("--hard-targets", run.hard_targets, "The original's label map instead of its softmax");
  command.add_flag("--elastic", run.elastic, "Tune all levels of the variant together, on their shared tensors");
  command.add_option("--parts", run.parts, "Parts to tune, e.g. organs,ribs; default: all")->delimiter(',');
  command.add_option("--patch", arguments.patch, "Voxels of a patch, D,H,W; default: the part's")->delimiter(',')->expected(3);
  command.add_option("--validation", run.validation, "Held-out cases, the last by name: a number, or a share below 1; default: a tenth, none of one case");
  command.add_option("--patience", run.patience, "Scores without a better one after which it ends; 0: never")->capture_default_str();
}

void PrintText(const TuningResult& result, const std::string& output) {
  for (const TunedStudent& student : result.students) {
    std::printf("%s: part %s, fold %s: %lld steps", output.c_str(), student.part.c_str(), student.fold.c_str(), static_cast<long long>(student.steps));
    if (student.before) std::printf(", Dice %.4f -> %.4f, weights of step %lld", student.before->dice, student.after->dice, static_cast<long long>(student.kept_step));
    std::printf("\n");
  }
}

nlohmann::ordered_json LevelsJson(const TunedStudent& student, const Variant& variant) {
  nlohmann::ordered_json levels = nlohmann::ordered_json::array();
  // A checkpoint of an older program may not know them one by one.
  const size_t known = std::min(student.before->by_level.size(), student.after->by_level.size());
  for (size_t level = 0; level < std::min(known, variant.levels.size()); ++level) {
    levels.push_back({{"level", variant.levels[level].name}, {"dice_before", student.before->by_level[level]}, {"dice_after", student.after->by_level[level]}});
  }
  return levels;
}

void PrintJson(const TuningResult& result, const std::string& output) {
  nlohmann::ordered_json report{{"output", output}, {"students", nlohmann::ordered_json::array()}};
  for (const TunedStudent& student : result.students) {
    nlohmann::ordered_json one{{"part", student.part}, {"fold", student.fold}, {"steps", student.steps}, {"seconds", student.seconds},
                               {"kept_step", student.kept_step}};
    if (student.before) {
      one["dice_before"] = student.before->dice;
      one["dice_after"] = student.after->dice;
      one["levels"] = LevelsJson(student, result.variant);
    }
    report["students"].push_back(std::move(one));
  }
  std::printf("%s\n", report.dump(1).c_str());
}

void Tune(TuneArguments& arguments) {
  TuningRunOptions& run = arguments.run;
  TakeArguments(arguments.learning, run);
  KeepFreedMemory();
  run.target = arguments.teacher == "labels" ? TuningTarget::kLabels : arguments.teacher == "both" ? TuningTarget::kBoth : TuningTarget::kTeacher;
  if (arguments.store != "same") run.half_weights = arguments.store == "fp16";
  if (!arguments.patch.empty()) run.patch = Size3{arguments.patch[0], arguments.patch[1], arguments.patch[2]};
  TrainingDisplay display(arguments.learning.quiet);
  const TuningResult result = RunTuning(run, [&display](const TrainingProgress& progress) { display.Show(progress); });
  const std::string output = TuningOutput(run).string();
  if (arguments.learning.json) {
    PrintJson(result, output);
  } else if (!arguments.learning.quiet) {
    PrintText(result, output);
  }
}

}  // namespace

void AddTuneCommand(CLI::App& app) {
  const auto arguments = std::make_shared<TuneArguments>();
  CLI::App* command = app.add_subcommand("tune", "Train a variant to answer as the original does, or as labels say; the same command resumes it after an interruption");
  AddFileOptions(*command, *arguments);
  AddTuningOptions(*command, *arguments);
  AddScheduleOptions(*command, arguments->run, arguments->learning);
  AddLearningOptions(*command, arguments->run, arguments->learning);
  command->callback([arguments] { Tune(*arguments); });
}

}  // namespace tuckerseg
