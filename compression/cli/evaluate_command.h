/// `tuckerseg-compress evaluate`: how good a model is on labelled cases.
#pragma once

#include <CLI/CLI.hpp>

namespace tuckerseg {

void AddEvaluateCommand(CLI::App& app);

}  // namespace tuckerseg
