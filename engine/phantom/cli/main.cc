/// tuckerseg-phantom: makes CT volumes of patients who never were, with their ground truth.
#include <CLI/CLI.hpp>

#include "engine/cli/run_command_line.h"
#include "engine/phantom/cli/phantom_command.h"

int main(int argc, char** argv) {
  CLI::App app{"Makes procedural CT volumes with their label maps, for training, tests and demonstrations"};
  app.name("tuckerseg-phantom");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  tuckerseg::SetUpPhantomCommand(app);
  return tuckerseg::RunCommandLine(app, argc, argv);
}
