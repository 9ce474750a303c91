/// What was measured of a model as card.json, for programs and people (docs/card.md).
#pragma once

#include <string>
#include <vector>

#include "compression/evaluate/evaluation.h"
#include "compression/evaluate/variant_scores.h"
#include "engine/model/bundle.h"
#include "engine/model/card.h"

namespace tuckerseg {

/// Parameters of all parts, of one fold each: folds are copies of one network.
int64_t ParameterCount(const Bundle& bundle);

/// card.json's text: model, weights' checksum, parameters, what the data are, and the Dice against the reference labels with four
/// decimals, null for a structure that no case holds.
std::string EncodeCard(const Model& model, int64_t parameters, const CaseFolder& folder, const Evaluation& evaluation);

/// Whose card it is. The checksum is that of the variant's own weights.
struct CardSubject {
  std::string model;
  std::string task;
  std::string weights_sha256;
};

/// The card of a variant over `scores.cases`, with the structures in the order given. Means have four decimals, intervals too, rounded outwards.
/// What no case can be compared to (no labels; no original's maps, as for the original itself) is absent. Fewer than kFewestCases cases
/// leave intervals and quality out and say so. `resamples` must be of `scores.cases.size()` cases.
Card MakeCard(const CardSubject& subject, const CaseFolder& folder, const VariantScores& scores, const std::vector<std::string>& structures,
              const CaseResamples& resamples);

/// Takes over what a bench measured of `former`, the card that `card` replaces, where both are of one variant with the same parameters and
/// multiply-adds: other weights in the same layers take the same time, other layers do not.
void KeepLatency(const Card& former, Card& card);

}  // namespace tuckerseg
