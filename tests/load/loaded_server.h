/// A running server with the volumes that it is asked for and what it does without load: what every run of a program starts from.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "client/lib/client.h"
#include "tests/load/load_report.h"
#include "tests/load/load_run.h"
#include "tests/load/page_fetcher.h"
#include "tests/load/volume_files.h"
#include "tests/load/workload.h"

namespace tuckerseg::load {

/// Told what is being done, a line each.
using Say = std::function<void(const std::string& line)>;

class LoadedServer {
 public:
  /// Draws the workload's volumes and has them segmented without load. `server`, `metrics`: HOST:PORT. Errors: those of MakeVolumeFiles, MeasureUnloaded
  /// and FetchFrom.
  LoadedServer(const std::string& server, const std::string& metrics, const Workload& workload, const Say& say);

  /// Puts it under this load, of the workload's volumes, and judges. Errors: those of RunLoad.
  JudgedRun Run(const Workload& workload);

  const std::vector<VolumeFile>& volumes() const { return volumes_; }
  const Unloaded& unloaded() const { return unloaded_; }

 private:
  const Say say_;
  Client client_;
  const PageFetcher fetch_;
  const std::vector<VolumeFile> volumes_;
  const Unloaded unloaded_;
};

}  // namespace tuckerseg::load
