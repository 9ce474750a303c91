/// How much larger or smaller a structure was drawn than it is.
#pragma once

#include <optional>

#include "engine/volume/label_overlap.h"

namespace tuckerseg {

/// predicted - reference: more than 0 where too much was drawn.
inline double VolumeErrorMm3(const Overlap& overlap, double voxel_mm3) {
  return static_cast<double>(overlap.predicted - overlap.reference) * voxel_mm3;
}

/// (predicted - reference) / reference; nothing where the reference lacks the structure.
inline std::optional<double> RelativeVolumeError(const Overlap& overlap) {
  if (overlap.reference == 0) return std::nullopt;
  return static_cast<double>(overlap.predicted - overlap.reference) / static_cast<double>(overlap.reference);
}

}  // namespace tuckerseg
