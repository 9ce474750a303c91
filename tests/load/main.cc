/// tuckerseg-load: puts a running server under load and tells whether it keeps its promises.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "engine/error.h"
#include "tests/load/commands.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Puts a running tuckerseg server under load and tells whether it keeps its promises"};
  app.name("tuckerseg-load");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  app.require_subcommand(0, 1);  // 1 would say that one is missing where a wrong one was given
  tuckerseg::load::AddRunCommand(app);
  tuckerseg::load::AddSweepCommand(app);
  tuckerseg::load::AddCyclesCommand(app);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw CLI::RequiredError("a command");
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const auto commands = app.get_subcommands();
    std::cerr << "error: " << error.what() << ": see tuckerseg-load " << (commands.empty() ? "" : commands.front()->get_name() + " ") << "--help\n";
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
