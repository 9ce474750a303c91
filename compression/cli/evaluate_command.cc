#include "compression/cli/evaluate_command.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "compression/bench/torch/torch_device.h"
#include "compression/cli/evaluate_display.h"
#include "compression/cli/machine_words.h"
#include "engine/cli/option_checks.h"
#include "compression/evaluate/card_files.h"
#include "compression/evaluate/metrics_csv.h"
#include "compression/evaluate/variant_run.h"
#include "compression/evaluate/variant_summary.h"
#include "compression/evaluate_report/report_filling.h"
#include "compression/evaluate_report/worst_slices.h"
#include "compression/forms/model_form.h"
#include "compression/report/report_html.h"
#include "engine/error.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/model/card_file.h"
#include "engine/model/variant.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, CaseSplit> kSplits{{"train", CaseSplit::kTrain}, {"test", CaseSplit::kTest}, {"all", CaseSplit::kAll}};
constexpr auto kDefaultSplit = "train";

// Longer than a trunk: beyond, every surface lies near every other.
constexpr double kLargestToleranceMm = 1000;

constexpr auto kReportFile = "report.html";
constexpr auto kMetricsFile = "metrics.csv";

struct EvaluateArguments {
  fs::path bundle;
  std::vector<std::string> variants;
  fs::path data;
  std::string split = kDefaultSplit;
  fs::path output;
  double tolerance_mm = kSurfaceToleranceMm;
  int pictures = 3;
  std::string device = "cpu";
  int threads = 2;
  bool allow_seen_cases = false;
  bool no_card = false;
  bool structures = false;
  bool json = false;
  bool quiet = false;
};

// Outputs are looked at before hours of work, not after.

/// `what` names the folder in the error.
void RequireWritable(const fs::path& folder, const std::string& what) {
  if (access(folder.c_str(), W_OK) != 0) throw Error(ErrorCode::kInvalidArgument, what + ": cannot be written to: must be a writable folder");
}

void RequireReplaceable(const fs::path& output, const std::string& file) {
  std::error_code error;
  if (!fs::exists(output / file, error) || fs::is_regular_file(output / file, error)) return;
  throw Error(ErrorCode::kInvalidArgument, "--output: " + file + " is there and no file: must be a file that may be written anew");
}

/// The folder of the report, which goes again where nothing came to be written into it.
class ReportFolder {
 public:
  explicit ReportFolder(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    is_new_ = fs::create_directories(path_, error);
    if (error) throw Error(ErrorCode::kInvalidArgument, "--output = " + path_.string() + ": cannot be made: its parent must be a writable folder");
  }
  ~ReportFolder() {
    std::error_code not_empty;
    if (is_new_) fs::remove(path_, not_empty);
  }
  ReportFolder(const ReportFolder&) = delete;
  ReportFolder& operator=(const ReportFolder&) = delete;

 private:
  fs::path path_;
  bool is_new_ = false;
};

void CheckCards(const std::vector<ModelForm>& forms, bool written) {
  for (const ModelForm& form : forms) {
    const std::string what = form.name == kOriginal ? "bundle" : "variant " + form.name;
    if (written) RequireWritable(form.directory, what);
    CheckCardFile(form.directory, what);
  }
}

void RequireWritableReport(const fs::path& output) {
  RequireWritable(output, "--output");
  for (const char* file : {kReportFile, kMetricsFile, kCardFile}) RequireReplaceable(output, file);
}

/// "2026-01-31", in UTC.
std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &utc);
  return text.data();
}

void WriteOutputs(const EvaluateArguments& arguments, const CaseFolder& folder, const std::vector<ModelForm>& forms, const std::vector<VariantScores>& scores,
                  const std::vector<VariantSummary>& summaries, const WorstSlices& worst) {
  const std::vector<Card> cards = MakeCards(forms, folder, scores, summaries);
  Report report = FillReport(forms.front().bundle.model, folder, scores, summaries, cards,
                             {.date = Today(), .machine = MachineWords(arguments.device, arguments.threads), .device = DeviceWithModel(arguments.device)});
  report.worst_cases = worst.Pictures();
  WriteWholeFile(arguments.output / kMetricsFile, EncodeMetrics(scores));
  WriteCards(arguments.output, cards);
  WriteWholeFile(arguments.output / kReportFile, ReportHtml(report));
  if (!arguments.no_card) WriteCardFiles(forms, cards);
}

void ShowResult(const EvaluateArguments& arguments, const CaseFolder& folder, const Model& model, const std::vector<VariantScores>& scores,
                const std::vector<VariantSummary>& summaries) {
  if (arguments.json) {
    std::fputs(ResultJson(model, folder, scores, summaries).c_str(), stdout);
  } else if (!arguments.quiet) {
    std::fputs(ResultTable(scores, summaries).c_str(), stdout);
    if (arguments.structures) std::fputs(StructureTables(scores, summaries).c_str(), stdout);
    std::printf("%s: report.html, metrics.csv, card.json; the cards of bundle and variants are %s\n", arguments.output.c_str(),
                arguments.no_card ? "as they were" : "written anew");
  }
}

void Run(const EvaluateArguments& arguments) {
  const bool alone = arguments.variants.empty();
  // What is quick to refuse comes first.
  const ExecutorFactory factory = TorchExecutorFactory(arguments.device, arguments.threads);
  const std::vector<ModelForm> forms = LoadForms(arguments.bundle, arguments.variants);
  const CaseFolder folder = FindCases(arguments.data, {kSplits.at(arguments.split), alone ? LabelsWanted::kAlways : LabelsWanted::kIfThere});
  CheckCards(forms, !arguments.no_card);
  const ReportFolder report_folder(arguments.output);
  RequireWritableReport(arguments.output);
  const Model& model = forms.front().bundle.model;
  WorstSlices worst(model.labels, arguments.pictures);
  std::vector<VariantScores> scores;
  {
    EvaluateDisplay display(arguments.quiet);
    const auto told = [&](const DrawnCase& drawn) {
      worst.Look(drawn);
      display.Show(drawn);
    };
    scores = RunVariants(forms, folder, factory, {.threads = arguments.threads, .tolerance_mm = arguments.tolerance_mm, .allow_seen_cases = arguments.allow_seen_cases}, told);
  }
  const std::vector<VariantSummary> summaries = SummarizeVariants(scores, model, folder);
  WriteOutputs(arguments, folder, forms, scores, summaries, worst);
  ShowResult(arguments, folder, model, scores, summaries);
}

}  // namespace

void AddEvaluateCommand(CLI::App& app) {
  const auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* command = app.add_subcommand("evaluate", "Measure a model and its variants on cases: report.html, metrics.csv, and their card.json");
  command->add_option("bundle", arguments->bundle, "Bundle; its card.json is written anew")->required();
  command->add_option("--variants", arguments->variants,
                      "Variants to measure beside the original, a,b,...: names of variants of the bundle or of their levels, directories, or all; their card.json is written anew")
      ->delimiter(',')->allow_extra_args(false);  // what follows may be the bundle
  command->add_option("--data", arguments->data,
                      "Cases: nnU-Net's raw data set, or TotalSegmentator's layout; with --variants cases need no labels, and plain NIfTI files will do")
      ->required();
  command->add_option("--split", arguments->split, "Cases of nnU-Net's layout: train (imagesTr), test (imagesTs) or all; default: train")
      ->check(CLI::IsMember({"train", "test", "all"}));
  command->add_option("-o,--output", arguments->output, "Folder for report.html, metrics.csv and all cards as one card.json")->required();
  command->add_option("--tolerance", arguments->tolerance_mm, "Distance in mm up to which surfaces count as one in surface Dice")
      ->check(NumberIn(0, kLargestToleranceMm))->capture_default_str();
  command->add_option("--pictures", arguments->pictures, "Pictures of each variant's worst structures in the report")
      ->check(WholeNumberFrom(0))->capture_default_str();
  command->add_option("--device", arguments->device, "cpu or cuda:N")->capture_default_str();
  command->add_option("--threads", arguments->threads, "Threads")->check(WholeNumberFrom(1))->capture_default_str();
  command->add_flag("--allow-seen-cases", arguments->allow_seen_cases, "Measure variants on cases that they were calibrated or tuned with, too; their cards then bear no quality");
  command->add_flag("--no-card", arguments->no_card, "Report only: leave the cards of bundle and variants as they are, e.g. where fewer cases are measured than theirs");
  command->add_flag("--structures", arguments->structures, "After the table also every structure of every variant, with its tests");
  command->add_flag("--json", arguments->json, "The result as one JSON object instead of a table");
  command->add_flag("--quiet", arguments->quiet, "Neither progress nor table");
  command->callback([arguments] { Run(*arguments); });
}

}  // namespace tuckerseg
