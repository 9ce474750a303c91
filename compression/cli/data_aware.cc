#include "compression/cli/data_aware.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "compression/bench/torch/torch_layer_timer.h"
#include "compression/cases/case_files.h"
#include "compression/decompose/data_aware_variant.h"
#include "engine/error.h"
#include "engine/freed_memory.h"
#include "engine/whole_file.h"

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

bool AsksForLatency(const std::vector<LevelRequest>& levels) {
  for (const LevelRequest& level : levels) {
    const auto* budget = std::get_if<BudgetWish>(&level.wish);
    if (budget != nullptr && budget->unit == BudgetUnit::kLatency) return true;
  }
  return false;
}

/// Layers are timed once on this machine, and read from the file ever after. The file is written at the end, whatever becomes of the ranks; that it
/// cannot be written costs the time of measuring again, no more.
class KeptLayerTimes {
 public:
  KeptLayerTimes(std::filesystem::path file, int threads) : file_(std::move(file)), timer_("cpu", threads), table_(ReadLayerTimes(file_)) {}

  ~KeptLayerTimes() {
    try {
      WriteLayerTimes(table_, file_);
    } catch (const Error&) {
    }
  }
  KeptLayerTimes(const KeptLayerTimes&) = delete;
  KeptLayerTimes& operator=(const KeptLayerTimes&) = delete;

  double operator()(const Layer& layer, const Size3& input_shape) { return LayerTime(layer, input_shape, timer_.setting(), table_, timer_); }

 private:
  std::filesystem::path file_;
  TorchLayerTimer timer_;
  LayerTimeTable table_;
};

void WriteFront(const std::vector<ParetoPoint>& front, const std::filesystem::path& file) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const ParetoPoint& point : front) points.push_back({{"share", point.cost}, {"loss", point.loss}});
  WriteWholeFile(file, nlohmann::ordered_json{{"points", points}}.dump(1) + "\n");
}

}  // namespace

VariantFiles MakeDataAwareVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const CalibrationArguments& calibration, int64_t grid,
                                  TensorType type, int threads, bool quiet) {
  KeepFreedMemory();
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
  if (!calibration.front.empty()) options.front = [&](const std::vector<ParetoPoint>& front) { WriteFront(front, calibration.front); };
  const DecomposeSink told = quiet ? DecomposeSink() : ShowProgress;
  if (!AsksForLatency(levels)) return DataAwareVariant(bundle, levels, volumes, options, {}, told);
  KeptLayerTimes times(calibration.layer_times, threads);
  return DataAwareVariant(bundle, levels, volumes, options, std::ref(times), told);
}

}  // namespace tuckerseg
