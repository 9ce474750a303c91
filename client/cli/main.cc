/// tuckerseg: the client on the command line.
#include <exception>
#include <iostream>

#include "client/cli/commands.h"
#include "engine/cli/standard_output.h"
#include "engine/error.h"

namespace {

using namespace tuckerseg;

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

void PrintError(const Error& error, std::ostream& out) {
  out << "error: " << error.what();
  if (error.retry_after_s()) out << " (again in " << *error.retry_after_s() << " s)";
  out << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Has CT volumes segmented by a tuckerseg server"};
  app.name("tuckerseg");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  app.require_subcommand(0, 1);  // 1 would say that one is missing where a wrong one was given
  AddSegmentCommand(app);
  AddCompareCommand(app);
  AddModelsCommand(app);
  AddLevelsCommand(app);
  AddLoadCommand(app);
  AddUnloadCommand(app);
  AddHealthCommand(app);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw CLI::RequiredError("a command");
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return StatusOncePrinted(app.exit(error));  // --help, --version
    const auto commands = app.get_subcommands();
    std::cerr << "error: " << error.what() << ": see tuckerseg " << (commands.empty() ? "" : commands.front()->get_name() + " ") << "--help\n";
    return kWrongUsage;
  } catch (const Error& error) {
    PrintError(error, std::cerr);
    return kFailed;
  } catch (const std::exception& error) {
    std::cerr << "error: unexpected: " << error.what() << "\n";
    return kFailed;
  }
  return StatusOncePrinted(0);
}
