/// The commands of `tuckerseg-load`. Each adds itself to the application; its callback does the work and throws Error, kFailedPrecondition where a promise
/// is broken.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <span>
#include <string>

#include "engine/model/json_text.h"
#include "tests/load/loaded_server.h"
#include "tests/load/verdict.h"
#include "tests/load/workload.h"

namespace tuckerseg::load {

void AddRunCommand(CLI::App& app);
void AddSweepCommand(CLI::App& app);
void AddCyclesCommand(CLI::App& app);

/// What all of them take.
struct LoadArguments {
  std::string server = "127.0.0.1:50051";
  std::string metrics = "127.0.0.1:9464";
  std::string workload;
  std::string output;
  std::optional<double> seconds;  ///< instead of the workload's duration
  bool quiet = false;
};
void AddLoadOptions(CLI::App& command, LoadArguments& arguments);

/// The workload of the file, with what the arguments change. Errors: kNotFound if it cannot be read; those of ParseWorkload.
Workload ReadWorkload(const LoadArguments& arguments);

/// Lines on standard error, or nowhere.
Say SayOf(const LoadArguments& arguments);

/// Writes the result to --output, if there is one. Errors: those of WriteWholeFile.
void WriteResult(const LoadArguments& arguments, const Json& result);

/// Errors: kFailedPrecondition that names every broken promise with what was measured.
void ThrowIfBroken(std::span<const Finding> findings);

}  // namespace tuckerseg::load
