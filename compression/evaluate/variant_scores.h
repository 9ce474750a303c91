/// What one variant of a model draws, case by case, against the reference labels and against what the original draws.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compression/evaluate/case_resamples.h"
#include "compression/evaluate/overlap.h"
#include "compression/evaluate/surface_distance.h"
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

struct VariantScores {
  std::string name;             ///< `original` is the uncompressed form
  std::string method;           ///< how it was made: `hosvd`, `prune`, ...
  std::optional<double> level;  ///< nothing where the method has none
  bool tuned = false;           ///< fine-tuned or distilled after it was made
  int64_t parameters = 0;
  int64_t multiply_adds_per_patch = 0;
  int64_t weight_bytes = 0;
  std::vector<ScoredCase> cases;
};

/// Label maps of one case, all on its CT's grid and in one set of values.
struct CaseMaps {
  std::span<const uint16_t> predicted;
  std::optional<std::span<const uint16_t>> reference;
  std::optional<std::span<const uint16_t>> original;
};

struct ScoreOptions {
  double tolerance_mm = 3;
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

/// Mean Dice over the structures that the map compared to holds; nothing where it holds none or was not given.
std::optional<double> MeanDice(const ScoredCase& scored, ComparedTo to);

/// Dice of one structure by case, in the order of `scores.cases`; nothing where the map compared to lacks the structure: such a case
/// says nothing about how well it is drawn.
CaseValues DiceByCase(const VariantScores& scores, const std::string& structure, ComparedTo to);

/// One structure over cases. Means are over `cases`, nothing where there are none.
struct StructureSummary {
  std::string name;
  int cases = 0;         ///< where the map compared to holds it
  int missed = 0;        ///< of these, where the variant draws none of it: Dice and surface Dice 0, no distance
  int found_absent = 0;  ///< cases beside these in which the variant draws some
  std::optional<double> dice;
  std::optional<Interval> dice_ci95;
  std::optional<double> surface_dice;
  std::optional<double> hd95_mm;       ///< mean over the cases that are not missed
  std::optional<double> volume_error;  ///< mean of (predicted - reference) / reference
};

struct ScoreSummary {
  int cases = 0;                     ///< with a map to compare to
  std::optional<double> mean_dice;   ///< mean over structures of the mean over cases
  std::optional<Interval> dice_ci95; ///< of `mean_dice`, over cases; its low end against the original is the variant's quality
  std::optional<double> equal_share; ///< mean of `equal_to_original`; against the original only
  std::vector<StructureSummary> structures;
};

/// Sums up over cases the structures `names`, in that order. `resamples` must be of `scores.cases.size()` cases; given to all variants,
/// their intervals rest on the same draws.
ScoreSummary Summarize(const VariantScores& scores, const std::vector<std::string>& names, ComparedTo to, const CaseResamples& resamples);

}  // namespace tuckerseg
