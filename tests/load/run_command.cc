/// `tuckerseg-load run`: one load, and whether the server keeps its promises under it.
#include <iostream>
#include <memory>
#include <vector>

#include "engine/cli/option_checks.h"
#include "engine/whole_file.h"
#include "tests/load/commands.h"
#include "tests/load/load_report.h"

namespace tuckerseg::load {
namespace {

struct RunArguments {
  LoadArguments common;
  std::string level;
  std::optional<double> factor;
  double original_seconds = 0;
  std::string requests;
};

void Run(const RunArguments& arguments) {
  Workload workload = ReadWorkload(arguments.common);
  if (arguments.factor) workload.rate = {*arguments.factor, true};
  if (!arguments.level.empty()) workload = workload.AtLevel(arguments.level);
  LoadedServer server(arguments.common.server, arguments.common.metrics, workload, SayOf(arguments.common));
  // The same arrivals as those of the load's first minutes, half before it, so that they fill what the server keeps, too, and half behind it: a machine that others share has
  // faster and slower minutes.
  Workload original = workload.AtLevel(kOriginal);
  original.duration_s = arguments.original_seconds / 2;
  const bool compares = arguments.original_seconds > 0;
  std::vector<JudgedRun> runs;
  if (compares) runs.push_back(server.Run(original));
  runs.push_back(server.Run(workload));
  if (compares) runs.push_back(server.Run(original));

  const JudgedRun& ours = runs.at(compares ? 1 : 0);
  std::vector<Finding> findings = ours.findings;
  if (compares) {
    findings.push_back(JudgeGain(ours.tally, InTimeOfBoth(runs.front().tally, runs.back().tally), server.unloaded().levels.size(), workload.promises.gain));
    // What holds whatever the level holds for the comparison's runs, too; they are too short for memory.
    for (const JudgedRun* run : {&runs.front(), &runs.back()})
      for (const Finding& finding : run->findings)
        if (finding.ruling == Ruling::kBroken) findings.push_back({"original alone: " + finding.promise, finding.ruling, finding.measured, finding.promised});
  }
  std::cout << ServerText(server.unloaded(), server.volumes()) << "\n" << RunsText(runs) << "\n" << FindingsText(findings);
  Json json{{"server", ServerJson(server.unloaded(), server.volumes())}, {"runs", Json::array()}, {"findings", FindingsJson(findings)}};
  for (const JudgedRun& run : runs) json["runs"].push_back(RunJson(run));
  WriteResult(arguments.common, json);
  if (!arguments.requests.empty()) WriteWholeFile(arguments.requests, RequestsCsv(ours.run));
  ThrowIfBroken(findings);
}

}  // namespace

void AddRunCommand(CLI::App& app) {
  const auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "Put a server under one load; exit status 1 where it breaks a promise");
  AddLoadOptions(*command, arguments->common);
  command->add_option("--seconds", arguments->common.seconds, "Duration, instead of the workload's")->check(NumberIn(1, 604800));
  command->add_option("--level", arguments->level, "All requests at this level, or auto, instead of the workload's levels");
  command->add_option("--factor", arguments->factor, "Load as a multiple of the capacity, instead of the workload's")->check(NumberIn(0.001, 1000));
  command->add_option("--original-seconds", arguments->original_seconds, "Half before it and half behind it, the same load at original alone for so long, to compare with; default 0: not")
      ->check(NumberIn(0, 604800));
  command->add_option("--requests", arguments->requests, "CSV file with a line for each request");
  command->callback([arguments] { Run(*arguments); });
}

}  // namespace tuckerseg::load
