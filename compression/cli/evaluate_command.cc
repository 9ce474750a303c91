#include "compression/cli/evaluate_command.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "compression/evaluate/card.h"
#include "compression/evaluate/evaluation.h"
#include "compression/evaluate/metrics_csv.h"
#include "engine/error.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/model/bundle.h"
#include "engine/segment/segmenter.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

struct EvaluateArguments {
  fs::path bundle;
  fs::path data;
  fs::path output;
  std::string device = "cpu";
  int threads = 2;
  bool quiet = false;
};

/// Before hours of work, not after. `what` names the folder in the error.
void RequireWritable(const fs::path& folder, const std::string& what) {
  if (access(folder.c_str(), W_OK) != 0) throw Error(ErrorCode::kInvalidArgument, what + ": cannot be written to: must be a writable folder");
}

void MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(ErrorCode::kInvalidArgument, "--output: cannot be made: its parent must be a writable folder");
}

void ShowCase(const CaseEvaluation& done, size_t count, size_t total) {
  double sum = 0;
  int counted = 0;
  for (const auto& [name, overlap] : done.overlaps) {
    if (overlap.reference == 0) continue;
    sum += overlap.Dice();
    ++counted;
  }
  std::fprintf(stderr, "%zu/%zu %s: mean Dice %.3f of %d structures, %.1f s\n", count, total, done.name.c_str(), counted > 0 ? sum / counted : 0.0,
               counted, done.seconds);
}

void ShowTable(const Evaluation& evaluation) {
  std::printf("%-32s %6s %8s\n", "structure", "cases", "Dice");
  for (const StructureScore& score : evaluation.structures) {
    if (score.cases > 0) {
      std::printf("%-32s %6d %8.4f\n", score.name.c_str(), score.cases, score.dice);
    } else {
      std::printf("%-32s %6d %8s\n", score.name.c_str(), 0, "-");
    }
  }
  std::printf("%-32s %6zu %8.4f\n", "mean over structures", evaluation.cases.size(), evaluation.mean_dice);
}

void Run(const EvaluateArguments& arguments) {
  const CaseFolder folder = FindCases(arguments.data);
  Bundle bundle = LoadBundle(arguments.bundle);
  RequireWritable(arguments.bundle, "bundle");
  MakeFolder(arguments.output);
  RequireWritable(arguments.output, "--output");
  const int64_t parameters = ParameterCount(bundle);
  Segmenter segmenter(std::move(bundle), TorchExecutorFactory(arguments.device, arguments.threads));
  const EvaluationSink told = arguments.quiet ? EvaluationSink() : ShowCase;
  const Evaluation evaluation = Evaluate(segmenter, folder, {.threads = arguments.threads}, told);
  WriteWholeFile(arguments.output / "metrics.csv", EncodeMetrics(evaluation));
  const std::string card = EncodeCard(segmenter.model(), parameters, folder, evaluation);
  WriteWholeFile(arguments.output / "card.json", card);
  const bool replaced = fs::exists(arguments.bundle / "card.json");
  WriteWholeFile(arguments.bundle / "card.json", card);
  if (arguments.quiet) return;
  ShowTable(evaluation);
  std::printf("card.json: written to the report and the bundle%s\n", replaced ? ", whose former one it replaces" : "");
}

}  // namespace

void AddEvaluateCommand(CLI::App& app) {
  const auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* command = app.add_subcommand("evaluate", "Measure a model on labelled cases: its card.json, and metrics.csv");
  command->add_option("bundle", arguments->bundle, "Bundle; its card.json is written anew")->required();
  command->add_option("--data", arguments->data, "Cases: nnU-Net's raw data set, or TotalSegmentator's layout")->required();
  command->add_option("-o,--output", arguments->output, "Folder for metrics.csv and a copy of card.json")->required();
  command->add_option("--device", arguments->device, "cpu or cuda:N")->capture_default_str();
  command->add_option("--threads", arguments->threads, "Threads")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_flag("--quiet", arguments->quiet, "Neither progress nor table");
  command->callback([arguments] { Run(*arguments); });
}

}  // namespace tuckerseg
