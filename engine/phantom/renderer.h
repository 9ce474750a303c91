/// Samples an anatomy on a grid: intensities with partial volume and noise, and the labels that are true for
/// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/phantom/anatomy.h"
#include "engine/phantom/deformation.h"
#include "engine/phantom/scan_grid.h"

namespace tuckerseg::phantom {

/// Fills `voxels` (int16 Hounsfield units, as Volume stores them) and `labels`, both in the file's order.
/// Blur and partial volume are edges as wide as a voxel and the scanner's resolution together, not a filter
/// over the volume: that needs no second copy of it. Each voxel depends on its own place and canonical index
/// alone, so threads change nothing.
void Render(const Anatomy& anatomy, const BodyDeformation& deformation, const ScanGrid& grid, uint64_t seed,
            int threads, std::span<std::byte> voxels, std::span<uint16_t> labels);

}  // namespace tuckerseg::phantom
