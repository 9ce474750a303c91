/// `tuckerseg-compress inspect`: layers, ranks, parameters, multiply-adds and bytes of a model, a variant or an architecture.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

/// Adds the command to `app`; it runs when the command line is parsed. Errors leave the parser as tuckerseg::Error.
void AddInspectCommand(CLI::App& app);

}  // namespace tuckerseg
