/// The volumes of a workload as the files that clients send.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/load/workload.h"

namespace tuckerseg::load {

struct VolumeFile {
  std::string name;
  double share = 1;
  std::vector<std::byte> bytes;  ///< NIfTI, gzip
};

/// Draws the phantoms, in the workload's order. Errors: those of MakePhantom.
std::vector<VolumeFile> MakeVolumeFiles(const Workload& workload, int threads);

}  // namespace tuckerseg::load
