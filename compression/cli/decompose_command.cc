#include "compression/cli/decompose_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "compression/cli/decompose_display.h"
#include "engine/cli/option_checks.h"
#include "compression/cli/variant_name.h"
#include "compression/forms/level_names.h"
#include "engine/error.h"
#include "engine/model/unfinished_directory.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

struct DecomposeArguments {
  fs::path bundle;
  fs::path output;
  std::vector<double> levels;
  double energy = 0;
  std::vector<std::string> budgets;
  std::string method;
  CalibrationArguments calibration;
  LatencyArguments latency;
  int64_t grid = 0;
  std::string name;
  bool is_default = false;
  bool half = false;
  int threads = 2;
  bool json = false;
  bool quiet = false;
};

std::string ShortNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::vector<RankWish> WishesOf(const DecomposeArguments& arguments) {
  std::vector<RankWish> wishes;
  for (const double level : arguments.levels) wishes.emplace_back(FactorWish{level});
  for (const std::string& budget : arguments.budgets) wishes.emplace_back(ParseBudget(budget));
  if (arguments.energy > 0) wishes.emplace_back(EnergyWish{arguments.energy});
  const int kinds = (arguments.levels.empty() ? 0 : 1) + (arguments.budgets.empty() ? 0 : 1) + (arguments.energy > 0 ? 1 : 0);
  if (kinds != 1) throw CLI::ValidationError("--level, --energy, --budget", "must be exactly one of them");
  if (arguments.budgets.empty() && !arguments.calibration.front.empty()) throw CLI::ValidationError("--front", "needs --budget");
  if (arguments.energy > 0 && arguments.is_default) throw CLI::ValidationError("--default", "needs --level or --budget: a share of energy is no number that requests ask for");
  return wishes;
}

/// One level has the variant's name; of several each has its number behind it.
std::vector<LevelRequest> LevelsOf(const DecomposeArguments& arguments, const std::vector<RankWish>& wishes) {
  const std::string name = VariantName(arguments.output, arguments.name);
  std::vector<LevelRequest> levels;
  for (const RankWish& wish : wishes) {
    const std::optional<double> number = LevelNumber(wish);
    levels.push_back({wishes.size() == 1 ? name : name + "-" + ShortNumber(number.value_or(0)), wish, arguments.is_default});
  }
  return levels;
}

/// Ranks of budgets are for machines, whose vectors are 16 wide; the paper's rule has no grid.
int64_t GridOf(const DecomposeArguments& arguments) {
  if (arguments.grid > 0) return arguments.grid;
  return arguments.budgets.empty() ? 1 : 16;
}

RankOptions RankOptionsOf(const std::vector<LevelRequest>& levels, const DecomposeArguments& arguments, const NetworkMethods& networks) {
  RankOptions ranks{.grid = GridOf(arguments), .type = arguments.half ? TensorType::kFloat16 : TensorType::kFloat32, .threads = arguments.threads, .seconds = {}};
  LatencyArguments latency = arguments.latency;
  if (BudgetUnitOf(levels.front().wish) != BudgetUnit::kLatency) {  // of all levels alike (CheckLevels)
    if (!(latency.layer_times + latency.device + latency.precision).empty()) throw CLI::ValidationError("--layer-times, --device, --precision", "go with --budget latency=X alone");
    return ranks;
  }
  if (latency.layer_times.empty()) latency.layer_times = arguments.bundle / "layer-times.json";
  if (latency.device.empty()) latency.device = "cpu";
  if (latency.precision.empty()) latency.precision = "fp32";
  if (!networks.layer_seconds) throw Error(ErrorCode::kFailedPrecondition, "--budget latency: is measured: must be a build with LibTorch");
  ranks.seconds = networks.layer_seconds(latency, arguments.threads);
  return ranks;
}

VariantFiles Make(const Bundle& bundle, const std::vector<LevelRequest>& levels, const DecomposeArguments& arguments, const RankOptions& ranks, const NetworkMethods& networks) {
  const DecomposeSink told = arguments.quiet ? DecomposeSink() : ShowDecomposing;
  const bool calibrated = !arguments.calibration.volumes.empty();
  const std::string method = !arguments.method.empty() ? arguments.method : calibrated ? "data-aware" : levels.size() > 1 ? "hosvd" : "hooi";
  if (method == "data-aware") {
    if (!networks.data_aware) throw Error(ErrorCode::kFailedPrecondition, "--method = data-aware: runs the network: must be a build with LibTorch");
    if (!calibrated) throw CLI::ValidationError("--method data-aware", "needs --calibration CT...");
    return networks.data_aware(bundle, levels, arguments.calibration, ranks, told);
  }
  if (calibrated) throw CLI::ValidationError("--calibration", "goes with --method data-aware alone");
  if (!arguments.calibration.front.empty()) throw CLI::ValidationError("--front", "goes with --method data-aware alone: it is measured");
  if (arguments.calibration.max_memory_gib > 0) throw CLI::ValidationError("--max-memory", "goes with --method data-aware alone");
  return VariantByWeights(bundle, levels, method == "hooi" ? DecompositionMethod::kHooi : DecompositionMethod::kHosvd, ranks, told);
}

void Run(const DecomposeArguments& arguments, const NetworkMethods& networks) {
  const std::vector<LevelRequest> levels = LevelsOf(arguments, WishesOf(arguments));
  CheckLevels(levels);
  CheckNewOrEmpty(arguments.output, "variant");  // before the work, not after
  const Bundle bundle = LoadBundle(arguments.bundle);
  std::vector<std::string> names;
  for (const LevelRequest& level : levels) names.push_back(level.name);
  RequireFreeNames(arguments.bundle, bundle.model, arguments.output, names, "--name");
  const RankOptions ranks = RankOptionsOf(levels, arguments, networks);
  const VariantFiles files = Make(bundle, levels, arguments, ranks, networks);
  SaveVariant(files, bundle.model, arguments.output);
  if (arguments.json) {
    std::fputs(LevelsJson(bundle, files, ranks.seconds).c_str(), stdout);
  } else if (!arguments.quiet) {
    std::fputs(LevelsTable(bundle, files, ranks.seconds).c_str(), stdout);
  }
}

void AddCalibrationOptions(CLI::App& command, CalibrationArguments& calibration) {
  CLI::Option* volumes = command.add_option("--calibration", calibration.volumes, "CTs (NIfTI) that the data-aware method looks at; no labels are needed");
  command.add_option("--patches", calibration.patches, "Patches of each calibration CT")->needs(volumes)->check(WholeNumberFrom(1))->capture_default_str();
  command.add_option("--patch", calibration.patch, "Size of these patches, D,H,W; default: the network's own, of at most 96 an axis")->needs(volumes)->delimiter(',')->expected(3);
  command.add_option("--samples", calibration.samples, "Output voxels that each layer is fitted to, at least")->needs(volumes)->check(WholeNumberFrom(1))->capture_default_str();
  command.add_option("--seed", calibration.seed, "Of the sampled voxels")->needs(volumes)->capture_default_str();
  command.add_option("--front", calibration.front, "JSON file for the Pareto front of a budget: what every share would buy");
  command.add_flag("--independent", calibration.independent, "Fit every layer by itself instead of layer after layer")->needs(volumes);
  command.add_flag("--correct-norms", calibration.correct_norms, "Scale the norms behind fitted layers by what is left of their inputs")->needs(volumes);
  command.add_option("--max-memory", calibration.max_memory_gib, "GiB that features and regressions may take; default: four fifths of what there is")->check(NumberIn(1e-6, 1e6));
}

void AddLatencyOptions(CLI::App& command, LatencyArguments& latency) {
  command.add_option("--layer-times", latency.layer_times, "File that keeps the layer times measured for a budget of latency; default: layer-times.json in the bundle");
  command.add_option("--device", latency.device, "Where layers are timed for a budget of latency: cpu or cuda:N; default: cpu");
  command.add_option("--precision", latency.precision, "In which precision they are timed: fp32, bf16 or fp16; default: fp32")->check(CLI::IsMember({"fp32", "bf16", "fp16"}));
}

}  // namespace

void AddDecomposeCommand(CLI::App& app, const NetworkMethods& networks) {
  const auto arguments = std::make_shared<DecomposeArguments>();
  CLI::App* command = app.add_subcommand("decompose", "Make a cheaper variant of a model: its convolutions in Tucker form");
  command->add_option("bundle", arguments->bundle, "Bundle")->required();
  command->add_option("--level", arguments->levels, "The paper's downsampling factor in (0, 1]; several, from large to small: an elastic variant")->delimiter(',');
  command->add_option("--energy", arguments->energy, "Share of each mode's squared singular values to keep")->check(NumberIn(1e-9, 1));
  command->add_option("--budget", arguments->budgets, "params=X, flops=X, bytes=X or latency=X: share of the original's; several: an elastic variant")->delimiter(',');
  command->add_option("--method", arguments->method, "hosvd, hooi or data-aware; default: data-aware with --calibration, hosvd for several levels, else hooi")
      ->check(CLI::IsMember({"hosvd", "hooi", "data-aware"}));
  AddCalibrationOptions(*command, arguments->calibration);
  AddLatencyOptions(*command, arguments->latency);
  command->add_option("--grid", arguments->grid, "Ranks are multiples of it; default: 16 for budgets, else 1")->check(WholeNumberFrom(1));
  command->add_option("--name", arguments->name, "What requests call the variant; default: the output directory's name");
  command->add_flag("--default", arguments->is_default, "Runs when a request asks for the level by its number");
  command->add_flag("--half", arguments->half, "Store what is decomposed as float16");
  command->add_option("--threads", arguments->threads, "Threads")->check(WholeNumberFrom(1))->capture_default_str();
  command->add_flag("--json", arguments->json, "What the levels cost as one JSON object instead of a table");
  command->add_flag("--quiet", arguments->quiet, "Neither progress nor table");
  command->add_option("-o,--output", arguments->output, "Variant to write: a new or empty directory, BUNDLE/variants/NAME to have it served")->required();
  command->callback([arguments, networks] { Run(*arguments, networks); });
}

}  // namespace tuckerseg
