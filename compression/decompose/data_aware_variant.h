/// A variant fitted to what the network computes on calibration CTs.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "compression/decompose/weight_variant.h"
#include "compression/rank/allocation.h"
#include "engine/model/variant.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// What every budget can buy, least cost first: costs as shares of the whole network's, losses as MeasureSensitivities counts them.
using FrontSink = std::function<void(const std::vector<ParetoPoint>& front)>;

struct DataAwareOptions {
  RankOptions ranks;
  int64_t patches = 4;      ///< of each calibration volume
  Size3 patch{};            ///< of calibration; {0, 0, 0}: the part's own, of at most 96 voxels an axis
  int64_t samples = 12000;  ///< output voxels a layer, at least
  uint64_t seed = 0;
  bool sequential = true;   ///< layer after layer (LayerwiseOptions)
  bool correct_norms = false;
  int64_t max_memory_bytes = std::numeric_limits<int64_t>::max();
  FrontSink front;          ///< told for budgets, before anything is fitted
};

/// Ranks: a level is the paper's rule; a budget is shared out over the layers of all parts by measured sensitivity (MeasureSensitivities on
/// the first fold, AllocateRanks). Factors and cores: FitLayerwise, for each fold by itself. Several levels make an elastic variant: the
/// largest is fitted, the others are its leading sub-blocks. The variant names the checksums of `calibration`,
/// which must be as read from file.
/// Errors: as RanksByWeights, AllocateRanks, CalibrationPatches; kInvalidArgument for no volume; kResourceExhausted where features or a regression would
/// take more than `max_memory_bytes`.
VariantFiles DataAwareVariant(const Bundle& bundle, const std::vector<LevelRequest>& levels, const std::vector<Volume>& calibration,
                              const DataAwareOptions& options, const DecomposeSink& told = {});

}  // namespace tuckerseg
