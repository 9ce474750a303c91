/// `tuckerseg-load sweep`: many loads, each with the server's choice and with each level alone.
#include <cmath>
#include <iostream>
#include <memory>
#include <vector>

#include "engine/cli/option_checks.h"
#include "engine/text_table.h"
#include "engine/whole_file.h"
#include "tests/load/commands.h"
#include "tests/load/load_report.h"

namespace tuckerseg::load {
namespace {

struct SweepArguments {
  LoadArguments common;
  std::vector<double> factors{0.25, 0.5, 0.75, 1, 1.25, 1.5, 2};
  std::vector<std::string> levels;  // empty: auto, then all that are loaded
  std::string csv;
};

std::vector<std::string> LevelsOf(const SweepArguments& arguments, const Unloaded& unloaded) {
  if (!arguments.levels.empty()) return arguments.levels;
  std::vector<std::string> levels{kAuto};
  for (const ListedLevel& level : unloaded.levels) levels.push_back(level.name);
  return levels;
}

const JudgedRun* FindRun(const std::vector<JudgedRun>& runs, const std::string& level, double factor) {
  for (const JudgedRun& run : runs)
    if (run.level == level && std::abs(run.run.factor - factor) < 1e-6) return &run;
  return nullptr;
}

/// Of all loads together at which the server chose: those of one are few.
Finding DeadlinesAtAllLoads(const std::vector<JudgedRun>& runs, const Workload& workload) {
  Tally all;
  for (const JudgedRun& run : runs) {
    if (run.level != kAuto) continue;
    all.admitted_deadlines += run.tally.admitted_deadlines;
    all.kept_deadlines += run.tally.kept_deadlines;
  }
  Finding finding = JudgeDeadlines(all, workload.AtLevel(kAuto));
  finding.promise += " with auto at all loads";
  return finding;
}

/// Every broken promise with its run, the deadlines of all, and the gain at the workload's own load.
std::vector<Finding> FindingsOf(const std::vector<JudgedRun>& runs, const Workload& workload, size_t levels) {
  std::vector<Finding> findings;
  for (const JudgedRun& run : runs) {
    for (const Finding& finding : run.findings) {
      if (finding.ruling != Ruling::kBroken) continue;
      findings.push_back({run.level + " at " + Fixed(run.run.factor, 2) + " x: " + finding.promise, finding.ruling, finding.measured, finding.promised});
    }
  }
  findings.push_back(DeadlinesAtAllLoads(runs, workload));
  if (!workload.rate.times_capacity) return findings;
  const JudgedRun* ours = FindRun(runs, kAuto, workload.rate.value);
  const JudgedRun* original = FindRun(runs, kOriginal, workload.rate.value);
  if (ours == nullptr || original == nullptr) return findings;
  findings.push_back(JudgeGain(ours->tally, original->tally, levels, workload.promises.gain));
  findings.back().promise += " at " + Fixed(workload.rate.value, 2) + " x";
  return findings;
}

void Sweep(const SweepArguments& arguments) {
  const Workload workload = ReadWorkload(arguments.common);
  LoadedServer server(arguments.common.server, arguments.common.metrics, workload, SayOf(arguments.common));
  std::vector<JudgedRun> runs;
  for (const std::string& level : LevelsOf(arguments, server.unloaded())) {
    for (const double factor : arguments.factors) {
      Workload point = workload.AtLevel(level);
      point.rate = {factor, true};
      runs.push_back(server.Run(point));
    }
  }
  const std::vector<Finding> findings = FindingsOf(runs, workload, server.unloaded().levels.size());
  std::cout << ServerText(server.unloaded(), server.volumes()) << "\n" << RunsText(runs);
  if (!findings.empty()) std::cout << "\n" << FindingsText(findings);
  Json json{{"server", ServerJson(server.unloaded(), server.volumes())}, {"runs", Json::array()}, {"findings", FindingsJson(findings)}};
  for (const JudgedRun& run : runs) json["runs"].push_back(RunJson(run));
  WriteResult(arguments.common, json);
  if (!arguments.csv.empty()) WriteWholeFile(arguments.csv, RunsCsv(runs));
  ThrowIfBroken(findings);
}

}  // namespace

void AddSweepCommand(CLI::App& app) {
  const auto arguments = std::make_shared<SweepArguments>();
  CLI::App* command = app.add_subcommand("sweep", "Put a server under loads of every factor, with auto and with each level alone; exit status 1 where it breaks a promise");
  AddLoadOptions(*command, arguments->common);
  command->add_option("--seconds", arguments->common.seconds, "Duration of each load, instead of the workload's")->check(NumberIn(1, 604800));
  command->add_option("--factors", arguments->factors, "Loads as multiples of the capacity; default 0.25,0.5,0.75,1,1.25,1.5,2")->delimiter(',')->check(NumberIn(0.001, 1000));
  command->add_option("--levels", arguments->levels, "Default: auto, then every level that is loaded")->delimiter(',');
  command->add_option("--csv", arguments->csv, "CSV file with a line for each load, which load.gp draws");
  command->callback([arguments] { Sweep(*arguments); });
}

}  // namespace tuckerseg::load
