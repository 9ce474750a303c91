/// `tuckerseg-compress prune`: a bundle's networks with fewer channels, the paper's baseline, as a variant.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

/// Adds the command to `app`; it runs when the command line is parsed. Errors leave the parser as tuckerseg::Error.
void AddPruneCommand(CLI::App& app);

}  // namespace tuckerseg
