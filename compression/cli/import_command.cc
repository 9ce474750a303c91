#include "compression/cli/import_command.h"

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "engine/model/nnunet_import.h"

namespace tuckerseg {
namespace {

struct ImportArguments {
  std::string nnunet;
  std::vector<std::string> folds;
  std::string task;
  std::string plans;
  std::string output;
  bool json = false;
  bool quiet = false;
};

int64_t Parameters(const WeightStore& weights) {
  int64_t count = 0;
  for (const auto& [name, tensor] : weights.tensors()) count += tensor.ElementCount();
  return count;
}

void PrintJson(const Bundle& bundle, const std::string& output) {
  nlohmann::ordered_json report{{"bundle", output}, {"model", bundle.model.name}, {"task", bundle.model.task},
                                {"labels", bundle.model.labels.size()}, {"parts", nlohmann::ordered_json::array()}};
  for (size_t i = 0; i < bundle.model.parts.size(); ++i) {
    const ModelPart& part = bundle.model.parts[i];
    report["parts"].push_back({{"name", part.name}, {"folds", part.folds}, {"parameters", Parameters(bundle.weights[i])},
                               {"layers", part.graph.layers.size()}, {"patch_size", part.patch_size},
                               {"spacing_mm", part.spacing_mm}, {"channels", part.graph.OutChannels()}});
  }
  std::cout << report.dump(1) << "\n";
}

void PrintText(const Bundle& bundle, const std::string& output) {
  const Model& model = bundle.model;
  std::cout << output << ": task " << model.task << ", " << model.labels.size() << " structures, "
            << (model.pipeline.totalsegmentator ? "TotalSegmentator's pipeline" : "nnU-Net's own pipeline") << "\n";
  if (model.pipeline.crop && !model.pipeline.crop->structures.empty()) {
    std::cout << "  needs task " << model.pipeline.crop->task << " on the same server, which finds where to look\n";
  }
  if (model.pipeline.refine) std::cout << "  needs task " << model.pipeline.refine->task << " on the same server, which refines its edges\n";
  if (model.provenance.non_commercial) {
    std::cout << "  licence: " << model.provenance.licence << ": a server takes it only with allow_non_commercial\n";
  }
  for (size_t i = 0; i < model.parts.size(); ++i) {
    const ModelPart& part = model.parts[i];
    std::string folds;
    for (const std::string& fold : part.folds) folds += (folds.empty() ? "" : ",") + fold;
    std::cout << "  " << part.name << ": fold " << folds << ", " << Parameters(bundle.weights[i]) << " parameters, patch "
              << part.patch_size[0] << " x " << part.patch_size[1] << " x " << part.patch_size[2] << " at "
              << part.spacing_mm[0] << " x " << part.spacing_mm[1] << " x " << part.spacing_mm[2] << " mm, "
              << part.graph.OutChannels() << " channels\n";
  }
}

}  // namespace

void AddImportCommand(CLI::App& app) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command = app.add_subcommand("import", "Import an nnU-Net v2 result folder (TotalSegmentator's included) as a bundle");
  command->add_option("--nnunet", arguments->nnunet,
                      "Result folder (TRAINER__PLANS__CONFIGURATION), data set folder, or results root")->required();
  command->add_option("--folds", arguments->folds, "Folds to average, e.g. 0,1 or all; default: those of the task, else every fold there is")
      ->delimiter(',');
  command->add_option("--task", arguments->task, "Task of TotalSegmentator, e.g. total or total_fast; default: what the data set's name stands for");
  command->add_option("--plans", arguments->plans, "Plans, where a data set has results of several, e.g. nnUNetResEncUNetLPlans_8; default: the task's");
  command->add_option("-o,--output", arguments->output, "Bundle to write: a new or empty directory")->required();
  command->add_flag("--json", arguments->json, "Print what was imported as JSON");
  command->add_flag("--quiet", arguments->quiet, "Print nothing");
  command->callback([arguments] {
    const Bundle bundle = ImportNnunet(arguments->nnunet, {.folds = arguments->folds, .task = arguments->task, .plans = arguments->plans, .name = {}});
    SaveBundle(bundle, arguments->output);
    if (arguments->json) {
      PrintJson(bundle, arguments->output);
    } else if (!arguments->quiet) {
      PrintText(bundle, arguments->output);
    }
  });
}

}  // namespace tuckerseg
