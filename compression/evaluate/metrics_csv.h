/// All measures as metrics.csv, for plots and statistics of others (docs/card.md).
#pragma once

#include <span>
#include <string>

#include "compression/evaluate/evaluation.h"
#include "compression/evaluate/variant_scores.h"

namespace tuckerseg {

/// A line for each case and each structure that is in its reference or was found:
/// `variant,case,structure,dice,predicted_mm3,reference_mm3`; `dice`, with six decimals, is empty where the reference lacks the structure.
std::string EncodeMetrics(const Evaluation& evaluation);

/// A line for each variant, case and structure that is in one of the maps compared: what docs/card.md lists, against the reference
/// and against the original's label map. A measure that does not exist is an empty cell.
std::string EncodeMetrics(std::span<const VariantScores> variants);

}  // namespace tuckerseg
