/// `tuckerseg-load cycles`: a level is loaded and unloaded again and again.
#include <iostream>
#include <memory>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/commands.h"
#include "tests/load/load_report.h"
#include "tests/load/variant_cycles.h"

namespace tuckerseg::load {
namespace {

/// Beyond which memory has not come back.
constexpr double kMostGrowth = 0.03;

struct CyclesArguments {
  LoadArguments common;
  std::string level;
  int cycles = 100;
};

void Cycle(const CyclesArguments& arguments) {
  Workload workload = ReadWorkload(arguments.common);
  workload.volumes.resize(1);  // one will do: its size is no matter here
  Client client(arguments.common.server);
  const std::string task = TaskOf(workload.task, client);
  const std::vector<VolumeFile> volumes = MakeVolumeFiles(workload, 1);
  const Say say = SayOf(arguments.common);
  say("loading and unloading " + arguments.level + " " + std::to_string(arguments.cycles) + " times");
  const VariantCycles cycles = RunVariantCycles(client, FetchFrom(arguments.common.metrics), task, arguments.level, volumes.front(), arguments.cycles);
  const std::vector<Finding> findings = JudgeVariantCycles(cycles, kMostGrowth);
  std::cout << FindingsText(findings);
  WriteResult(arguments.common, Json{{"level", arguments.level},
                                     {"settled_before_bytes", cycles.settled_before_bytes},
                                     {"settled_after_bytes", cycles.settled_after_bytes},
                                     {"resident_bytes", cycles.resident_bytes},
                                     {"wrong", cycles.wrong},
                                     {"findings", FindingsJson(findings)}});
  ThrowIfBroken(findings);
}

}  // namespace

void AddCyclesCommand(CLI::App& app) {
  const auto arguments = std::make_shared<CyclesArguments>();
  CLI::App* command = app.add_subcommand("cycles", "Load and unload a level again and again; exit status 1 where its memory does not come back");
  AddLoadOptions(*command, arguments->common);
  command->add_option("--level", arguments->level, "Which")->required();
  command->add_option("--cycles", arguments->cycles, "How often")->check(CLI::Range(1, 100000))->capture_default_str();
  command->callback([arguments] { Cycle(*arguments); });
}

}  // namespace tuckerseg::load
