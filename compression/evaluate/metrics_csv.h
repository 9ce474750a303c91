/// All measures as metrics.csv, for plots and statistics of others (docs/card.md).
#pragma once

#include <span>
#include <string>

#include "compression/evaluate/variant_scores.h"

namespace tuckerseg {

/// A line for each variant, case and structure that is in one of the maps compared: what docs/card.md lists, against the reference
/// and against the original's label map. A measure that does not exist is an empty cell.
std::string EncodeMetrics(std::span<const VariantScores> variants);

}  // namespace tuckerseg
