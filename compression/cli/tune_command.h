/// `tuckerseg-compress tune`.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

/// Adds the command; errors of its run are thrown by CLI::App::parse.
void AddTuneCommand(CLI::App& app);

}  // namespace tuckerseg
