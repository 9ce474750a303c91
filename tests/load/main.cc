/// tuckerseg-load: puts a running server under load and tells whether it keeps its promises.
#include <CLI/CLI.hpp>

#include "engine/cli/run_command_line.h"
#include "tests/load/commands.h"

int main(int argc, char** argv) {
  CLI::App app{"Puts a running tuckerseg server under load and tells whether it keeps its promises"};
  app.name("tuckerseg-load");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  tuckerseg::load::AddRunCommand(app);
  tuckerseg::load::AddSweepCommand(app);
  tuckerseg::load::AddCyclesCommand(app);
  return tuckerseg::RunCommandLine(app, argc, argv);
}
