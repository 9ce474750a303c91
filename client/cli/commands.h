/// The commands of `tuckerseg`. Each adds itself to the application; its callback does the work and throws Error.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

void AddSegmentCommand(CLI::App& app);
void AddModelsCommand(CLI::App& app);
void AddLevelsCommand(CLI::App& app);
void AddHealthCommand(CLI::App& app);

/// What all of them take.
struct CommonArguments {
  std::string server = "127.0.0.1:50051";
  bool json = false;
  bool quiet = false;
};
void AddCommonOptions(CLI::App& command, CommonArguments& arguments);

}  // namespace tuckerseg
