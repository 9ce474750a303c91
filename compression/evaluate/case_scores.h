/// What a variant of a model draws of one case, against the reference labels and against what the original draws.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compression/evaluate/surface_distance.h"
#include "engine/volume/label_overlap.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// What a variant's label map is held against. The original's map is there for every case, labelled or not.
enum class ComparedTo { kReference, kOriginal };

/// Of one structure, which is in one of the two maps at least. `overlap.reference` counts voxels of the map compared to.
struct Comparison {
  Overlap overlap;
  SurfaceDistance surface;
};

struct ScoredStructure {
  std::string name;
  std::optional<Comparison> to_reference;  ///< nothing where the case has no labels, they do not name it, or neither map holds it
  std::optional<Comparison> to_original;   ///< nothing where there was no original's map, or neither holds it
};

struct ScoredCase {
  std::string name;
  double seconds = 0;  ///< of the segmentation; set by the caller
  double voxel_mm3 = 0;
  bool labelled = false;                   ///< a reference was given
  std::optional<double> equal_to_original; ///< share of voxels, background included, with the original's label; nothing without its map
  std::vector<ScoredStructure> structures; ///< ascending by label value
};

/// Label maps of one case, all on its CT's grid and in one set of values.
struct CaseMaps {
  std::span<const uint16_t> predicted;
  std::optional<std::span<const uint16_t>> reference;
  std::optional<std::span<const uint16_t>> original;
};

struct ScoreOptions {
  double tolerance_mm = kSurfaceToleranceMm;
  int threads = 1;
  /// Values that the reference labels can hold; nothing: all that have a name. What they cannot hold is neither right nor wrong.
  std::optional<std::set<int64_t>> labelled_values;
};

/// Compares one case's maps. `names` are the structures by label value; values without a name are left out.
/// Errors: kInvalidArgument if a map has not as many voxels as `geometry`. Pure, thread-safe.
ScoredCase ScoreCase(const std::string& name, const CaseMaps& maps, const Geometry& geometry, const std::map<int64_t, std::string>& names,
                     const ScoreOptions& options = {});

/// The comparison of one structure of a case; null where there is none.
const Comparison* FindComparison(const ScoredCase& scored, const std::string& structure, ComparedTo to);

/// Dice of one structure; nothing where the map compared to lacks it: such a case says nothing about how well it is drawn.
std::optional<double> DiceOf(const ScoredCase& scored, const std::string& structure, ComparedTo to);

/// Mean Dice over the structures that the map compared to holds; nothing where it holds none or was not given.
std::optional<double> MeanDice(const ScoredCase& scored, ComparedTo to);

}  // namespace tuckerseg
