#include "compression/cli/prune_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "compression/cli/variant_name.h"
#include "compression/forms/level_names.h"
#include "compression/prune/prune.h"
#include "engine/model/cost.h"
#include "engine/model/unfinished_directory.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

struct PruneArguments {
  fs::path bundle;
  fs::path output;
  double level = 0;
  std::string name;
  bool is_default = false;
  bool json = false;
  bool quiet = false;
};

/// What the variant costs beside the original, over all parts.
struct PrunedCost {
  int64_t original_parameters = 0, parameters = 0, counted_parameters = 0;
  int64_t original_multiply_adds = 0, multiply_adds = 0;
};

PrunedCost CostOf(const Model& model, const VariantLevel& level) {
  PrunedCost cost{.original_parameters = ParameterCount(model), .original_multiply_adds = TotalMultiplyAdds(model)};
  for (size_t i = 0; i < model.parts.size(); ++i) {
    cost.parameters += ParameterCount(level.graphs[i]);
    cost.counted_parameters += CountedParameters(model.parts[i].graph, level.graphs[i]);
    cost.multiply_adds += TotalMultiplyAdds(level.graphs[i], model.parts[i].patch_size);
  }
  return cost;
}

double Percent(int64_t part, int64_t whole) { return 100.0 * static_cast<double>(part) / static_cast<double>(whole); }

void PrintText(const PrunedCost& cost, const VariantLevel& level, const fs::path& output) {
  std::printf("%s: variant %s, level %g\n", output.c_str(), level.name.c_str(), *level.level);
  std::printf("  parameters: %lld, %.2f %% of the original's; %lld (%.2f %%) as the paper counts: what a mask leaves of the unchanged network\n",
              static_cast<long long>(cost.parameters), Percent(cost.parameters, cost.original_parameters),
              static_cast<long long>(cost.counted_parameters), Percent(cost.counted_parameters, cost.original_parameters));
  std::printf("  multiply-adds per patch: %.3f G, %.2f %% of the original's\n", static_cast<double>(cost.multiply_adds) / 1e9,
              Percent(cost.multiply_adds, cost.original_multiply_adds));
}

void PrintJson(const PrunedCost& cost, const VariantLevel& level, const fs::path& output) {
  const nlohmann::ordered_json report{{"variant", level.name},
                                      {"directory", output.string()},
                                      {"level", *level.level},
                                      {"parameters", cost.parameters},
                                      {"counted_parameters", cost.counted_parameters},
                                      {"multiply_adds_per_patch", cost.multiply_adds}};
  std::printf("%s\n", report.dump(1).c_str());
}

void Run(const PruneArguments& arguments) {
  const std::string name = VariantName(arguments.output, arguments.name);
  CheckNewOrEmpty(arguments.output, "variant");
  const Bundle bundle = LoadBundle(arguments.bundle);
  const Model& model = bundle.model;
  RequireFreeNames(arguments.bundle, model, arguments.output, {name}, "--name");
  VariantFiles files;
  files.variant = {.model = model.name, .model_sha256 = model.provenance.weights_sha256, .method = "pruning"};
  VariantLevel level{.name = name,
                     .level = arguments.level,
                     .is_default = arguments.is_default};
  for (size_t i = 0; i < model.parts.size(); ++i) {
    PrunedPart pruned = PrunePart(model.parts[i], bundle.weights[i], arguments.level);
    level.graphs.push_back(std::move(pruned.graph));
    files.weights.push_back(std::move(pruned.weights));
  }
  files.variant.levels = {level};
  SaveVariant(files, model, arguments.output);
  const PrunedCost cost = CostOf(model, level);
  if (arguments.json) {
    PrintJson(cost, level, arguments.output);
  } else if (!arguments.quiet) {
    PrintText(cost, level, arguments.output);
  }
}

}  // namespace

void AddPruneCommand(CLI::App& app) {
  const auto arguments = std::make_shared<PruneArguments>();
  CLI::App* command = app.add_subcommand("prune", "Remove the output channels of smallest norm: the paper's baseline, as a variant");
  command->add_option("bundle", arguments->bundle, "Bundle")->required();
  command->add_option("--level", arguments->level, "Share of each convolution's output channels that stays, in (0, 1]")->required();
  command->add_option("--name", arguments->name, "The variant's name, which requests ask for; default: the output directory's");
  command->add_flag("--default", arguments->is_default, "Runs when a request asks for the number --level");
  command->add_option("-o,--output", arguments->output, "Variant to write, e.g. BUNDLE/variants/NAME: a new or empty directory")->required();
  command->add_flag("--json", arguments->json, "Print what the variant costs as JSON");
  command->add_flag("--quiet", arguments->quiet, "Print nothing");
  command->callback([arguments] { Run(*arguments); });
}

}  // namespace tuckerseg
