#include "compression/cli/inspect_command.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "compression/cli/inspection.h"
#include "engine/cli/option_checks.h"
#include "compression/rank/level.h"
#include "compression/rank/rewrite.h"
#include "engine/error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

struct InspectArguments {
  fs::path directory;
  fs::path bundle;
  std::string architecture;
  std::string level;
  int64_t grid = 1;
  std::vector<int64_t> patch;
  bool json = false;

  InspectedPatch Patch() const { return patch.empty() ? InspectedPatch() : Size3{patch[0], patch[1], patch[2]}; }
};

double PaperLevel(const std::string& text) {
  size_t used = 0;
  double level = 0;
  try {
    level = std::stod(text, &used);
  } catch (const std::logic_error&) {
  }
  if (used == 0 || used != text.size()) throw Error(ErrorCode::kInvalidArgument, "--level = " + text + ": must be a number in (0, 1], or original");
  return level;
}

bool AsksForOriginal(const InspectArguments& arguments) { return arguments.level.empty() || arguments.level == kOriginal; }

/// The graph by the paper's rule, or as it is.
LayerGraph AtLevel(const LayerGraph& graph, const InspectArguments& arguments) {
  if (AsksForOriginal(arguments)) return graph;
  return WithRanks(graph, PaperRanks(graph, PaperLevel(arguments.level), arguments.grid));
}

std::string LevelText(const InspectArguments& arguments) {
  if (AsksForOriginal(arguments)) return kOriginal;
  return "level " + arguments.level + (arguments.grid > 1 ? " on a grid of " + std::to_string(arguments.grid) : "");
}

Inspection InspectArchitecture(const InspectArguments& arguments) {
  Network network = PaperNetwork(arguments.architecture);
  network.graph = AtLevel(network.graph, arguments);
  return InspectNetwork(network, "architecture " + arguments.architecture + ", " + LevelText(arguments), arguments.Patch());
}

/// BUNDLE of BUNDLE/variants/NAME.
fs::path BundleOfVariant(const InspectArguments& arguments) {
  if (!arguments.bundle.empty()) return arguments.bundle;
  fs::path directory = fs::absolute(arguments.directory).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();  // "variants/x/"
  const fs::path bundle = directory.parent_path().parent_path();
  if (!fs::exists(bundle / "model.json")) {
    throw Error(ErrorCode::kNotFound, "--bundle: missing: must name the bundle that the variant was made from, as it does not lie in BUNDLE/variants");
  }
  return bundle;
}

Inspection InspectVariantDirectory(const InspectArguments& arguments) {
  if (arguments.grid != 1) throw CLI::ValidationError("--grid", "needs --arch or a bundle: a variant has its ranks");
  const Bundle original = LoadBundle(BundleOfVariant(arguments));
  const VariantFiles files = LoadVariant(arguments.directory, original.model);
  return InspectVariant(original, files, arguments.level.empty() ? 0 : LevelPlace(files.variant, arguments.level), arguments.Patch());
}

Inspection InspectDirectory(const InspectArguments& arguments) {
  if (fs::exists(arguments.directory / "variant.json")) return InspectVariantDirectory(arguments);
  if (!arguments.bundle.empty()) throw CLI::ValidationError("--bundle", "needs a variant");
  if (!fs::exists(arguments.directory / "model.json")) {
    throw Error(ErrorCode::kNotFound, arguments.directory.string() + ": holds neither model.json nor variant.json: must be a bundle or a variant");
  }
  if (AsksForOriginal(arguments)) {
    const Bundle bundle = LoadBundle(arguments.directory);
    return InspectBundle(bundle, "model " + bundle.model.name + ", " + kOriginal, arguments.Patch());
  }
  Model model = LoadModel(arguments.directory);
  for (ModelPart& part : model.parts) part.graph = AtLevel(part.graph, arguments);
  return InspectModel(model, "model " + model.name + ", " + LevelText(arguments) + ", without weights", arguments.Patch());
}

void CheckUsage(const InspectArguments& arguments) {
  const bool architecture = !arguments.architecture.empty();
  if (architecture != arguments.directory.empty()) throw CLI::ValidationError("inspect", "needs a bundle, a variant or --arch, and one of them");
  if (architecture && !arguments.bundle.empty()) throw CLI::ValidationError("--bundle", "needs a variant");
}

}  // namespace

void AddInspectCommand(CLI::App& app) {
  const auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command = app.add_subcommand("inspect", "Layers, ranks, parameters, multiply-adds, bytes and kept energy of a model, a variant, or one of the paper's architectures");
  command->add_option("directory", arguments->directory, "Bundle, or variant (BUNDLE/variants/NAME)");
  command->add_option("--bundle", arguments->bundle, "Bundle of a variant that lies elsewhere");
  command->add_option("--arch", arguments->architecture, "Instead of a directory: the paper's network, without weights")->check(CLI::IsMember({"1.5mm", "3mm"}));
  CLI::Option* level = command->add_option("--level", arguments->level, "Downsampling factor in (0, 1], by the paper's rank rule, that --arch or a bundle would have; of an elastic variant: the level to show, by name or number");
  command->add_option("--grid", arguments->grid, "With a factor: ranks are multiples of it")->needs(level)->check(WholeNumberFrom(1))->capture_default_str();
  command->add_option("--patch", arguments->patch, "Voxels of a patch, D,H,W; default: the network's own")->delimiter(',')->expected(3);
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments] {
    CheckUsage(*arguments);
    const Inspection inspection = arguments->architecture.empty() ? InspectDirectory(*arguments) : InspectArchitecture(*arguments);
    std::cout << (arguments->json ? InspectionJson(inspection) : InspectionText(inspection));
  });
}

}  // namespace tuckerseg
