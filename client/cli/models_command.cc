/// `tuckerseg models` and `tuckerseg levels`: what a server can run.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/cli/levels_table.h"
#include "client/lib/client.h"
#include "engine/text_table.h"

namespace tuckerseg {
namespace {

using Json = nlohmann::ordered_json;

CallLimits QuickCall() { return {.deadline = std::chrono::seconds(30), .stop = {}}; }

template <typename Values>
std::string Joined(const Values& values, const char* separator) {
  std::string text;
  for (const auto value : values) {
    std::string number = std::to_string(value);
    if (number.find('.') != std::string::npos) number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') number.pop_back();
    text += (text.empty() ? "" : separator) + number;
  }
  return text;
}

void PrintModels(const v1::ListModelsResponse& response) {
  using Align = TextTable::Align;
  TextTable table({{"TASK"}, {"STRUCTURES", Align::kRight}, {"NETWORK"}, {"FOLDS", Align::kRight}, {"PATCH"}, {"SPACING (MM)"}, {"SOURCE"}}, 0);
  for (const v1::Model& model : response.models())
    for (const v1::Part& part : model.parts()) {
      table.Add({model.task(), std::to_string(model.structure_count()), part.name(), std::to_string(part.fold_count()),
                 Joined(part.patch_size(), "x"), Joined(part.spacing_mm(), "x"), model.provenance().source()});
    }
  std::cout << table.Text();
}

Json ToJson(const v1::Model& model) {
  Json json{{"name", model.name()}, {"task", model.task()}, {"structures", model.structure_count()}, {"parts", Json::array()},
            {"source", model.provenance().source()}, {"licence", model.provenance().licence()},
            {"weights_sha256", model.provenance().weights_sha256()}};
  for (const v1::Part& part : model.parts()) {
    json["parts"].push_back({{"name", part.name()}, {"patch_size", part.patch_size()}, {"spacing_mm", part.spacing_mm()}, {"folds", part.fold_count()}});
  }
  return json;
}

void PrintStructures(const v1::Model& model) {
  TextTable table({{"LABEL", TextTable::Align::kRight}, {"STRUCTURE"}, {"SNOMED CT"}, {"SIDE"}}, 0);
  for (const v1::Label& label : model.labels()) {
    table.Add({std::to_string(label.value()), label.name(), label.snomed_code(), label.snomed_modifier()});
  }
  std::cout << table.Text();
}

Json ToJson(const v1::Label& label) {
  return {{"value", label.value()}, {"name", label.name()}, {"rgb", label.rgb()}, {"snomed_code", label.snomed_code()},
          {"snomed_modifier", label.snomed_modifier()}};
}

template <typename Messages>
void PrintJson(const Messages& messages) {
  Json json = Json::array();
  for (const auto& message : messages) json.push_back(ToJson(message));
  std::cout << json.dump(1) << "\n";
}

struct TaskArguments {
  CommonArguments common;
  std::string task;
};

}  // namespace

void AddModelsCommand(CLI::App& app) {
  const auto arguments = std::make_shared<TaskArguments>();
  CLI::App* command = app.add_subcommand("models", "List the models of the server, or the structures of one");
  AddCommonOptions(*command, arguments->common);
  command->add_option("MODEL", arguments->task, "The model's task: lists its structures");
  command->callback([arguments] {
    Client client = Connect(arguments->common);
    if (arguments->task.empty()) {
      const v1::ListModelsResponse response = client.ListModels(QuickCall());
      arguments->common.json ? PrintJson(response.models()) : PrintModels(response);
    } else {
      const v1::GetModelResponse response = client.GetModel(arguments->task, QuickCall());
      arguments->common.json ? PrintJson(response.model().labels()) : PrintStructures(response.model());
    }
  });
}

void AddLevelsCommand(CLI::App& app) {
  const auto arguments = std::make_shared<TaskArguments>();
  CLI::App* command = app.add_subcommand("levels", "List the levels of a model, or of all: what they cost, and how good they are");
  AddCommonOptions(*command, arguments->common);
  command->add_option("MODEL", arguments->task, "The model's task; default: all models");
  command->callback([arguments] {
    const v1::ListVariantsResponse response = Connect(arguments->common).ListVariants(arguments->task, QuickCall());
    arguments->common.json ? PrintLevelsAsJson(response, std::cout) : PrintLevels(response, std::cout);
  });
}

}  // namespace tuckerseg
