/// A level that is loaded and unloaded again and again: what of it stays in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/metrics_page.h"
#include "tests/load/verdict.h"
#include "tests/load/volume_files.h"
#include "tuckerseg/v1/model.pb.h"

namespace grpc {
class Channel;
}

namespace tuckerseg::load {

struct VariantCycles {
  double settled_before_bytes = 0;  ///< resident memory after a first cycle, once the server is idle
  double settled_after_bytes = 0;   ///< after the last one
  std::vector<double> resident_bytes;  ///< after each
  int64_t wrong = 0;                ///< answers that differ from the first cycle's
};

/// A level of a task, told the server to be loaded or unloaded.
class VariantSwitch {
 public:
  VariantSwitch(std::shared_ptr<grpc::Channel> channel, std::string task, std::string level);

  /// Errors: those of the call; kInternal if the server says that the level is then in another state.
  void Load();
  void Unload();

 private:
  void Check(const v1::Variant& variant, v1::VariantState wanted) const;

  const std::shared_ptr<grpc::Channel> channel_;
  const std::string task_;
  const std::string level_;
};

/// Loads, asks for the volume once and unloads, `cycles` times after a first one that is not counted; takes half a minute more until the server is idle, twice.
/// The level is loaded at the end. Errors: those of VariantSwitch, Client and PageFetcher.
VariantCycles RunVariantCycles(VariantSwitch& level_switch, Client& client, const PageFetcher& fetch, const std::string& task, const std::string& level,
                               const VolumeFile& volume, int cycles);

/// Resident memory is back within so large a share, and every answer was the same.
std::vector<Finding> JudgeVariantCycles(const VariantCycles& cycles, double most_growth);

}  // namespace tuckerseg::load
