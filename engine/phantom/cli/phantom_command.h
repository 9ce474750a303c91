/// The command line of tuckerseg-phantom.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

/// Adds the options to `app` and the work as its callback, which throws Error.
void SetUpPhantomCommand(CLI::App& app);

}  // namespace tuckerseg
