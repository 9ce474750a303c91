/// A level that is loaded and unloaded again and again: what of it stays in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/page_fetcher.h"
#include "tests/load/verdict.h"
#include "tests/load/volume_files.h"

namespace tuckerseg::load {

struct VariantCycles {
  double settled_before_bytes = 0;  ///< resident memory after a first cycle, once the server is idle
  double settled_after_bytes = 0;   ///< after the last one
  std::vector<double> resident_bytes;  ///< after each
  int64_t wrong = 0;                ///< answers that differ from the first cycle's
};

/// Loads, asks for the volume once and unloads, `cycles` times after a first one that is not counted; takes half a minute more until the server is idle, twice.
/// The level is loaded at the end. Errors: those of Client and PageFetcher; kInternal if the server says that a level which it has loaded or unloaded is in another state.
VariantCycles RunVariantCycles(Client& client, const PageFetcher& fetch, const std::string& task, const std::string& level, const VolumeFile& volume, int cycles);

/// Resident memory is back within so large a share, and every answer was the same.
std::vector<Finding> JudgeVariantCycles(const VariantCycles& cycles, double most_growth);

}  // namespace tuckerseg::load
