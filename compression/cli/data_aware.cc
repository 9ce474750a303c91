#include "compression/cli/data_aware.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <limits>

#include "compression/cases/case_files.h"
#include "compression/decompose/data_aware_variant.h"

namespace tuckerseg {
namespace {

/// One line that is written over on a terminal; elsewhere one for each whole piece of work.
void ShowProgress(const std::string& what, size_t done, size_t total) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) {
    std::fprintf(stderr, "\r%s: layer %zu of %zu\033[K%s", what.c_str(), done, total, done == total ? "\n" : "");
  } else if (done == total) {
    std::fprintf(stderr, "%s: %zu layers done\n", what.c_str(), total);
  }
}

}  // namespace

VariantFiles MakeDataAwareVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const CalibrationArguments& calibration, int64_t grid,
                                  TensorType type, int threads, bool quiet) {
  // Features of tens of megabytes come and go by the hundred: kept between layers instead of given back and taken anew each time.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  std::vector<Volume> volumes;
  for (size_t i = 0; i < calibration.volumes.size(); ++i) volumes.push_back(ReadVolume(calibration.volumes[i], "--calibration: CT " + std::to_string(i + 1)));
  DataAwareOptions options;
  options.grid = grid;
  options.type = type;
  options.threads = threads;
  options.patches = calibration.patches;
  if (!calibration.patch.empty()) options.patch = {calibration.patch[0], calibration.patch[1], calibration.patch[2]};
  options.samples = calibration.samples;
  options.seed = calibration.seed;
  options.sequential = !calibration.independent;
  options.correct_norms = calibration.correct_norms;
  return DataAwareVariant(bundle, levels, volumes, options, {}, quiet ? DecomposeSink() : ShowProgress);
}

}  // namespace tuckerseg
