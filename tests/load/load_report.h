/// What loads gave, for people, for programs and for the plot.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/model/json_text.h"
#include "tests/load/load_run.h"
#include "tests/load/tally.h"
#include "tests/load/verdict.h"

namespace tuckerseg::load {

/// A run with what was made of it.
struct JudgedRun {
  std::string level;  ///< `auto`, a level's name, or `mixed`
  LoadRun run;
  Tally tally;
  std::vector<Finding> findings;
};

/// What the run's requests asked for.
std::string LevelOf(const Workload& workload);

/// Tallies and judges. Without the gain, which takes two runs.
JudgedRun Judge(LoadRun run, const Unloaded& unloaded);

/// README.md lists the keys.
Json ServerJson(const Unloaded& unloaded, std::span<const VolumeFile> volumes);
Json RunJson(const JudgedRun& judged);
Json FindingsJson(std::span<const Finding> findings);

/// The levels with their quality and what they take unloaded, then the capacity.
std::string ServerText(const Unloaded& unloaded, std::span<const VolumeFile> volumes);
/// One line for each run.
std::string RunsText(std::span<const JudgedRun> runs);
/// One line for each promise, broken ones marked.
std::string FindingsText(std::span<const Finding> findings);

/// One line for each run, under a line of titles: level, factor, requests a second, shares in time and of kept deadlines, mean quality, latencies. What
/// there is not is NaN. load.gp draws it.
std::string RunsCsv(std::span<const JudgedRun> runs);

/// One line for each request, under a line of titles.
std::string RequestsCsv(const LoadRun& run);

}  // namespace tuckerseg::load
