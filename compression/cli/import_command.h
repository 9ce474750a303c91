/// `tuckerseg-compress import`: an nnU-Net v2 result folder becomes a bundle.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

/// Adds the command to `app`; it runs when the command line is parsed. Errors leave the parser as tuckerseg::Error.
void AddImportCommand(CLI::App& app);

}  // namespace tuckerseg
