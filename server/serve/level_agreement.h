/// What a comparison says of one level's label map.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/model/model.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// Fills equal_share, dice and mean_dice. `own` and `first`: the label maps of the level and of the first one, in one voxel order and of one length, one voxel
/// at least; `labels` has all that occur in them. Errors: kCancelled, between two pieces of the maps, after `stop` was asked for.
void FillAgreement(std::span<const uint16_t> own, std::span<const uint16_t> first, const std::vector<Label>& labels, const std::stop_token& stop,
                   v1::LevelResult& result);

}  // namespace tuckerseg
