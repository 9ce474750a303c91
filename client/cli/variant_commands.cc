/// `tuckerseg load` and `tuckerseg unload`: which levels a server keeps in memory.
#include <iostream>
#include <memory>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/levels_table.h"
#include "client/lib/client.h"

namespace tuckerseg {
namespace {

/// A large model is read, hashed and warmed up meanwhile.
CallLimits LongCall() { return {.deadline = std::chrono::minutes(15), .stop = {}}; }

struct VariantArguments {
  CommonArguments common;
  std::string task;
  std::string variant;
  std::string device;
};

CLI::App* AddVariantCommand(CLI::App& app, const char* name, const char* description, VariantArguments& arguments) {
  CLI::App* command = app.add_subcommand(name, description);
  AddCommonOptions(*command, arguments.common);
  command->add_option("VARIANT", arguments.variant, "The level's name, or its number")->required();
  command->add_option("--task", arguments.task, "The model's task; default: the only one, or total");
  command->add_option("--device", arguments.device, "The device's name; default: all of them");
  return command;
}

void Print(const v1::Variant& variant, const VariantArguments& arguments) {
  if (arguments.common.json) return PrintLevelAsJson(variant, std::cout);
  if (!arguments.common.quiet) PrintPlaces(variant, std::cout);
}

}  // namespace

void AddLoadCommand(CLI::App& app) {
  const auto arguments = std::make_shared<VariantArguments>();
  CLI::App* command = AddVariantCommand(app, "load", "Have a level loaded, and kept until it is unloaded", *arguments);
  command->callback([arguments] { Print(Connect(arguments->common).LoadVariant(arguments->task, arguments->variant, arguments->device, LongCall()), *arguments); });
}

void AddUnloadCommand(CLI::App& app) {
  const auto arguments = std::make_shared<VariantArguments>();
  CLI::App* command = AddVariantCommand(app, "unload", "Have a level unloaded; a request that needs it has it loaded again", *arguments);
  command->callback([arguments] { Print(Connect(arguments->common).UnloadVariant(arguments->task, arguments->variant, arguments->device, LongCall()), *arguments); });
}

}  // namespace tuckerseg
