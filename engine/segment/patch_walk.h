/// In which order a sliding window visits its patches, and how each is turned.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "engine/model/model.h"
#include "engine/segment/patch_grid.h"

namespace tuckerseg {

/// Where the patches after those at a pair of origins begin, along axes 0 and 1.
using NextOrigins = std::array<int64_t, 2>;

/// Calls `visit(origin)` for every patch, axis 0 outermost, and `line_done` after the last one of each pair of origins.
/// Errors: kCancelled between two patches.
void VisitPatches(const PatchGrid& grid, const std::stop_token& stop, const std::function<void(const ArrayShape&)>& visit,
                  const std::function<void(const NextOrigins&)>& line_done);

/// Every subset of the part's mirrored axes (bit a: axis a), in the order in which nnU-Net sums them: the empty one, single flips, pairs, all three.
std::vector<unsigned> FlipsOf(const ModelPart& part);

}  // namespace tuckerseg
