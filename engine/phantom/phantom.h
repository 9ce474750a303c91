/// Makes procedural CT volumes of a human trunk together with the label map that is true for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/phantom/structure.h"
#include "engine/phantom/tissue.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

using phantom::ContrastPhase;

struct PhantomOptions {
  uint64_t seed = 0;  ///< which patient, which phase, which part of the trunk is scanned, which noise
  Spacing3 spacing_mm{3, 3, 3};     ///< along i, j, k of the file; each in (0, 20]
  std::string orientation = "RAS";  ///< where i, j, k lead: one of R/L, A/P, S/I for each axis
  double oblique_degrees = 0;       ///< turns the grid about (1, 1, 1); in [-30, 30]
  int structures = 0;  ///< 0: all; N: only the first N of StructuresByProminence() are drawn and labelled
  std::optional<ContrastPhase> phase;  ///< drawn by seed if not set
  std::optional<Index3>
      shape;  ///< voxels along i, j, k, centred on the patient; by default as many as the scan needs
};

struct Phantom {
  Volume ct;        ///< int16, Hounsfield units, in [-1024, 3071]
  LabelMap labels;  ///< ids of TotalSegmentator's task `total`
  ContrastPhase phase = ContrastPhase::kNone;
};

/// Draws the phantom of `options`. The same options give the same bytes for any number of threads. One seed
/// is one patient: anatomy and what is scanned are laid down in millimetres, so other spacings and
/// orientations see the same body. A voxel has the label of the part that holds its centre; its intensity
/// also takes from what lies within about a voxel. Errors: kInvalidArgument, naming the field, for an option
/// out of range; kResourceExhausted above 2^31 voxels. Memory: the two volumes (4 bytes a voxel) and about a
/// megabyte for each thread.
Phantom MakePhantom(const PhantomOptions& options, int threads);

/// The phase that a seed has if none is asked for.
ContrastPhase PhaseOfSeed(uint64_t seed);

}  // namespace tuckerseg
