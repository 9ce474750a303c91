/// What was measured of a model, as files: card.json for programs, metrics.csv for plots (docs/bundle.md).
#pragma once

#include <string>

#include "compression/evaluate/evaluation.h"
#include "engine/model/bundle.h"

namespace tuckerseg {

/// Parameters of all parts, of one fold each: folds are copies of one network.
int64_t ParameterCount(const Bundle& bundle);

/// card.json's text: model, weights' checksum, parameters, what the data are, and the Dice against the reference labels with four
/// decimals, null for a structure that no case holds.
std::string EncodeCard(const Model& model, int64_t parameters, const CaseFolder& folder, const Evaluation& evaluation);

/// A line for each case and each structure that is in its reference or was found:
/// `variant,case,structure,dice,predicted_mm3,reference_mm3`; `dice`, with six decimals, is empty where the reference lacks the structure.
std::string EncodeMetrics(const Evaluation& evaluation);
}  // namespace tuckerseg
