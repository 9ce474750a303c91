/// All that is said of one variant over all cases: against the reference, against the original, and whether it differs from it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "compression/cases/case_files.h"
#include "compression/evaluate/no_difference_table.h"
#include "compression/evaluate/score_summary.h"
#include "compression/evaluate/variant_scores.h"
#include "engine/model/model.h"

namespace tuckerseg {

struct VariantSummary {
  ScoreSummary to_reference;  ///< structures that model and data name alike, in the model's order
  ScoreSummary to_original;   ///< all of the model's
  std::optional<NoDifferenceTable> differences;  ///< to the original; nothing of the original itself and where no case has labels
};

/// By variant, in order; the first must be the original. All must be scores of the same cases: their intervals rest on the same draws.
std::vector<VariantSummary> SummarizeVariants(std::span<const VariantScores> variants, const Model& model, const CaseFolder& folder);

}  // namespace tuckerseg
