#include <iostream>

#include "engine/error.h"
#include "engine/whole_file.h"
#include "tests/load/commands.h"

namespace tuckerseg::load {

void AddLoadOptions(CLI::App& command, LoadArguments& arguments) {
  command.add_option("--workload", arguments.workload, "JSON file that says what is asked (tests/load/README.md)")->required();
  command.add_option("--server", arguments.server, "HOST:PORT of the server")->capture_default_str();
  command.add_option("--metrics", arguments.metrics, "HOST:PORT of its metrics")->capture_default_str();
  command.add_option("-o,--output", arguments.output, "JSON file for the result");
  command.add_flag("--quiet", arguments.quiet, "No progress; the result and errors are shown all the same");
}

Workload ReadWorkload(const LoadArguments& arguments) {
  const auto text = ReadWholeFile(arguments.workload);
  if (!text) throw Error(ErrorCode::kNotFound, "--workload: cannot be read; must be a JSON file");
  Workload workload = ParseWorkload(*text);
  if (arguments.seconds) workload.duration_s = *arguments.seconds;
  return workload;
}

Say SayOf(const LoadArguments& arguments) {
  if (arguments.quiet) return [](const std::string&) {};
  return [](const std::string& line) { std::cerr << line << std::endl; };
}

void WriteResult(const LoadArguments& arguments, const Json& result) {
  if (!arguments.output.empty()) WriteWholeFile(arguments.output, result.dump(1) + "\n");
}

void ThrowIfBroken(std::span<const Finding> findings) {
  std::string broken;
  for (const Finding& finding : findings) {
    if (finding.ruling != Ruling::kBroken) continue;
    broken += (broken.empty() ? "" : "; ") + finding.promise + " = " + finding.measured + ": must be " + finding.promised;
  }
  if (!broken.empty()) throw Error(ErrorCode::kFailedPrecondition, "promises broken: " + broken);
}

}  // namespace tuckerseg::load
