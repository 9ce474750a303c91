/// tuckerseg-compress: makes models and cheaper variants of them.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

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
#include "engine/error.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Makes tuckerseg models: imports nnU-Net v2 results as bundles, trains networks, tunes variants, measures them"};
  app.name("tuckerseg-compress");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  app.require_subcommand(0, 1);  // 1 would say that one is missing where a wrong one was given
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
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw CLI::RequiredError("a command");
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const auto commands = app.get_subcommands();
    std::cerr << "error: " << error.what() << ": see tuckerseg-compress " << (commands.empty() ? "" : commands.front()->get_name() + " ") << "--help\n";
    return kWrongUsage;
  } catch (const tuckerseg::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return kFailed;
  } catch (const std::exception& error) {
    std::cerr << "error: unexpected: " << error.what() << "\n";
    return kFailed;
  }
  return 0;
}
