/// `tuckerseg-compress evaluate`: how well a model and its variants draw, and what they cost.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

/// Adds the subcommand. Needs LibTorch, which runs the networks.
void AddEvaluateCommand(CLI::App& app);

}  // namespace tuckerseg
