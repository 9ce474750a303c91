/// `tuckerseg-compress train`: cases and nnU-Net's plans become a bundle.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

/// Adds the command to `app`; it runs when the command line is parsed. Errors leave the parser as tuckerseg::Error.
void AddTrainCommand(CLI::App& app);

}  // namespace tuckerseg
