/// The commands of `tuckerseg`. Each adds itself to the application; its callback does the work and throws Error.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "client/lib/client.h"

namespace tuckerseg {

void AddSegmentCommand(CLI::App& app);
void AddCompareCommand(CLI::App& app);
void AddModelsCommand(CLI::App& app);
void AddLevelsCommand(CLI::App& app);
void AddLoadCommand(CLI::App& app);
void AddUnloadCommand(CLI::App& app);
void AddHealthCommand(CLI::App& app);

/// What all of them take.
struct CommonArguments {
  ClientOptions connection;  ///< its token is not among the options: other users can read command lines
  std::string token_file;
  bool json = false;
  bool quiet = false;
};
void AddCommonOptions(CLI::App& command, CommonArguments& arguments);

/// The client for them, with the token of --token-file, else of the environment's TUCKERSEG_TOKEN, else without one.
/// Errors: kInvalidArgument for files that cannot be used, and for a token that would travel in the clear to another machine.
Client Connect(const CommonArguments& arguments);

}  // namespace tuckerseg
