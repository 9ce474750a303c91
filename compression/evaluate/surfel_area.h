/// How much surface lies in the cube between eight voxels, of which some belong to a structure.
#pragma once

#include <array>
#include <cstdint>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// Areas in mm2 by neighbour code: bit n of the code says whether the voxel at (n & 1, n >> 1 & 1, n >> 2 & 1) along i, j, k is inside.
///
/// The surface cuts the cube's edges in their middles. Where two diagonal corners of a face are inside, those of the fewer kind (inside
/// where both are four) are kept apart. A polygon that is not flat is cut into the triangles that have the largest area in a cube of
/// equal edges; `spacing_mm` then stretches them. This reproduces the table of DeepMind's surface-distance for any spacing, whichever
/// way its axes are turned; where several triangulations are the largest their areas stay equal however they are stretched.
std::array<double, 256> SurfelAreasMm2(const Spacing3& spacing_mm);

}  // namespace tuckerseg
