/// Which part of the patient is scanned, and the grid of voxels that does it.
#pragma once

#include <array>
#include <cstdint>

#include "engine/phantom/anatomy.h"
#include "engine/phantom/deformation.h"
#include "engine/phantom/phantom.h"

namespace tuckerseg::phantom {

/// A grid in canonical axis order (towards right, anterior, superior; turned if oblique), and how a file lies
/// on it.
struct ScanGrid {
  Index3 shape{};             ///< canonical
  Point first;                ///< centre of voxel (0, 0, 0), scanner mm
  std::array<Point, 3> step;  ///< from one voxel to the next along each canonical axis
  Index3 file_strides{};      ///< elements in the file's order for a step along each canonical axis
  int64_t file_first = 0;     ///< element of canonical voxel (0, 0, 0)
  Geometry geometry;          ///< of the file

  Point Centre(int64_t x, int64_t y, int64_t z) const {
    return first + step[0] * static_cast<float>(x) + step[1] * static_cast<float>(y) +
           step[2] * static_cast<float>(z);
  }
  /// Root mean square of the spacings: how far a voxel reaches, about.
  float VoxelMm() const;
};

/// Field of view, in the scanner's millimetres, of the scan that a seed asks for: most often the whole trunk,
/// else a part of it.
BoxMm FieldOfView(uint64_t seed, const Anatomy& anatomy, const BodyDeformation& deformation);

/// Errors: as MakePhantom.
ScanGrid MakeScanGrid(const PhantomOptions& options, const BoxMm& field_of_view);

}  // namespace tuckerseg::phantom
