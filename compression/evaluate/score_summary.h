/// What one variant draws, summed up over cases.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compression/evaluate/case_resamples.h"
#include "compression/evaluate/variant_scores.h"

namespace tuckerseg {

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
  std::optional<double> volume_error;  ///< mean of |predicted - reference| / reference
  std::optional<double> volume_bias;   ///< mean of (predicted - reference) / reference: errors of both signs cancel
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
