/// How good the weights are on cases that they were not trained on.
#pragma once

#include <map>
#include <vector>

#include "compression/train/trainable_graph.h"
#include "compression/train/training_case.h"
#include "engine/model/model.h"

namespace tuckerseg {

struct ValidationScore {
  /// Mean over the classes that occur in some case's reference.
  double dice = 0;
  /// Dice of each such channel, over the voxels of all cases together: small data sets have classes in few cases.
  std::map<uint8_t, double> by_channel;
};

/// Whether some class occurs in a case's reference: else there is nothing to score.
bool CanBeScored(const std::vector<TrainingCase>& cases);

/// The winning channel of each voxel of a case: the sliding window of inference (the part's patch, `tile_step`) in the network's grid.
/// `part` must have at most 256 channels and no regions. Errors: kInternal if a logit is not finite; kResourceExhausted
/// where the device has no memory left.
std::vector<uint8_t> SegmentCase(const TrainableGraph& graph, const Parameters& parameters, const ModelPart& part, double tile_step,
                                 const TrainingCase& source, Precision precision, int threads);

/// Segments whole cases and compares them with their channels. Errors: as SegmentCase.
ValidationScore Validate(const TrainableGraph& graph, const Parameters& parameters, const ModelPart& part, double tile_step,
                         const std::vector<TrainingCase>& cases, Precision precision, int threads);

}  // namespace tuckerseg
