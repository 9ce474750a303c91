/// tuckerseg-phantom: makes CT volumes of patients who never were, with their ground truth.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "engine/error.h"
#include "engine/phantom/cli/phantom_command.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Makes procedural CT volumes with their label maps, for training, tests and demonstrations"};
  app.name("tuckerseg-phantom");
  app.set_version_flag("--version", TUCKERSEG_VERSION);
  tuckerseg::SetUpPhantomCommand(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::cerr << "error: " << error.what() << ": see tuckerseg-phantom --help\n";
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
