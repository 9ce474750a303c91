#include "compression/cli/data_aware.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "compression/cases/case_files.h"
#include "compression/decompose/data_aware_variant.h"
#include "engine/available_memory.h"
#include "engine/error.h"
#include "engine/freed_memory.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

void WriteFront(const std::vector<ParetoPoint>& front, const std::filesystem::path& file) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const ParetoPoint& point : front) points.push_back({{"share", point.cost}, {"loss", point.loss}});
  WriteWholeFile(file, nlohmann::ordered_json{{"points", points}}.dump(1) + "\n");
}

/// Before an hour of work, not behind it.
void RequireFolderOf(const std::filesystem::path& front) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(front, error).parent_path();
  if (std::filesystem::is_directory(front, error) || !std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::kInvalidArgument, "--front = " + front.string() + ": must be a file in a folder that is there");
  }
}

}  // namespace

VariantFiles MakeDataAwareVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const CalibrationArguments& calibration, const RankOptions& ranks,
                                  const DecomposeSink& told) {
  KeepFreedMemory();
  if (!calibration.front.empty()) RequireFolderOf(calibration.front);
  std::vector<Volume> volumes;
  for (size_t i = 0; i < calibration.volumes.size(); ++i) volumes.push_back(ReadVolume(calibration.volumes[i], "--calibration = " + calibration.volumes[i]));
  DataAwareOptions options;
  options.ranks = ranks;
  options.patches = calibration.patches;
  if (!calibration.patch.empty()) options.patch = {calibration.patch[0], calibration.patch[1], calibration.patch[2]};
  options.samples = calibration.samples;
  options.seed = calibration.seed;
  options.sequential = !calibration.independent;
  options.correct_norms = calibration.correct_norms;
  options.max_memory_bytes = calibration.max_memory_gib > 0 ? static_cast<int64_t>(calibration.max_memory_gib * (1 << 30)) : AvailableMemory() / 5 * 4;
  if (!calibration.front.empty()) options.front = [&](const std::vector<ParetoPoint>& front) { WriteFront(front, calibration.front); };
  return DataAwareVariant(bundle, levels, volumes, options, told);
}

}  // namespace tuckerseg
