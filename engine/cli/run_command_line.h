/// How a program ends: the command line is read, the command that it names runs, and an error is one line.
#pragma once

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "engine/cli/standard_output.h"
#include "engine/error.h"

namespace tuckerseg {

/// Exit status: 0, 1 (failed, or standard output cannot be written) or 2 (wrong usage). Of an app that has commands one must be named.
inline int RunCommandLine(CLI::App& app, int argc, char** argv) {
  constexpr int kFailed = 1;
  constexpr int kWrongUsage = 2;
  const bool has_commands = !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  if (has_commands) app.require_subcommand(0, 1);  // 1 would say that one is missing where a wrong one was given
  try {
    app.parse(argc, argv);
    if (has_commands && app.get_subcommands().empty()) throw CLI::RequiredError("a command");
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return StatusOncePrinted(app.exit(error));  // --help, --version
    const auto commands = app.get_subcommands();
    std::cerr << "error: " << error.what() << ": see " << app.get_name() << " " << (commands.empty() ? "" : commands.front()->get_name() + " ") << "--help\n";
    return kWrongUsage;
  } catch (const Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return kFailed;
  } catch (const std::exception& error) {
    std::cerr << "error: unexpected: " << error.what() << "\n";
    return kFailed;
  }
  return StatusOncePrinted(0);
}

}  // namespace tuckerseg
