/// Exact Euclidean distances on a grid whose voxels may be longer along one axis than along another.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Distance in mm from each voxel of `from` that is not 0 to the nearest of `to` that is not 0, between centres, in the order in which
/// `from` holds them; infinite where `to` is all 0. With `from` all ones this is the distance transform of `to`.
/// Both are on a grid of `shape` voxels (i fastest), `spacing_mm` apart along i, j, k; fewer than 65535 along k.
/// Exact but for rounding in double: separable, by lower envelopes of parabolas (Felzenszwalb & Huttenlocher 2012). Only the 16-bit
/// distances along k are held for the whole grid, so it takes 2 bytes a voxel beside the answer; slices without a voxel of `from` cost
/// next to nothing. Pure, thread-safe; the answer does not depend on `threads`.
std::vector<double> NearestDistancesMm(std::span<const uint8_t> from, std::span<const uint8_t> to, const Index3& shape,
                                       const Spacing3& spacing_mm, int threads = 1);

}  // namespace tuckerseg
