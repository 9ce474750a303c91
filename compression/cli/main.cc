/// tuckerseg-compress: makes models and cheaper variants of them.
#include <CLI/CLI.hpp>

#include "compression/cli/decompose_command.h"
#include "compression/cli/import_command.h"
#include "compression/cli/inspect_command.h"
#include "compression/cli/prune_command.h"
#ifdef TUCKERSEG_WITH_NETWORKS
#include "compression/cli/bench_command.h"
#include "compression/cli/data_aware.h"
#include "compression/cli/evaluate_command.h"
#include "compression/cli/layer_seconds.h"
#include "compression/cli/train_command.h"
#include "compression/cli/tune_command.h"
#endif
#include "engine/cli/run_command_line.h"

int main(int argc, char** argv) {
  CLI::App app{"Makes tuckerseg models: imports nnU-Net v2 results as bundles, trains networks, tunes variants, measures them"};
  app.name("tuckerseg-compress");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  tuckerseg::AddImportCommand(app);
  tuckerseg::AddInspectCommand(app);
  tuckerseg::AddPruneCommand(app);
#ifdef TUCKERSEG_WITH_NETWORKS
  tuckerseg::AddDecomposeCommand(app, {tuckerseg::MakeDataAwareVariant, tuckerseg::MeasuredLayerSeconds});
  tuckerseg::AddTrainCommand(app);
  tuckerseg::AddTuneCommand(app);
  tuckerseg::AddEvaluateCommand(app);
  tuckerseg::AddBenchCommand(app);
#else
  tuckerseg::AddDecomposeCommand(app, {});
#endif
  return tuckerseg::RunCommandLine(app, argc, argv);
}
