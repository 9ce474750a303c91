/// `tuckerseg-compress bench`: how long a model's variants take on this machine, and how much memory.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

/// Adds the command to `app`; it runs when the command line is parsed. Errors leave the parser as tuckerseg::Error.
void AddBenchCommand(CLI::App& app);

}  // namespace tuckerseg
