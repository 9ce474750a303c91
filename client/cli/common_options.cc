#include "client/cli/commands.h"

namespace tuckerseg {

void AddCommonOptions(CLI::App& command, CommonArguments& arguments) {
  command.add_option("--server", arguments.server, "HOST:PORT of the server")->capture_default_str();
  command.add_flag("--json", arguments.json, "Print the result as JSON");
  command.add_flag("--quiet", arguments.quiet, "No progress; errors are shown all the same");
}

}  // namespace tuckerseg
