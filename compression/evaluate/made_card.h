/// What was measured of a variant as a card, for programs and people (docs/card.md).
#pragma once

#include <string>

#include "compression/cases/case_files.h"
#include "compression/evaluate/variant_summary.h"
#include "engine/model/card.h"

namespace tuckerseg {

/// Whose card it is. The checksum is that of the variant's own weights.
struct CardSubject {
  std::string model;
  std::string task;
  std::string weights_sha256;
};

/// The card of a variant over `scores.cases`, which `summary` sums up. Means have four decimals, intervals too, rounded outwards.
/// What no case can be compared to (no labels; no original's maps, as for the original itself) is absent. Fewer than kFewestCases cases
/// leave intervals and quality out and say so; cases that the variant has seen leave quality out.
Card MakeCard(const CardSubject& subject, const CaseFolder& folder, const VariantScores& scores, const VariantSummary& summary);

/// Takes over what a bench measured of `former`, the card that `card` replaces, where both are of one variant with the same parameters and
/// multiply-adds: other weights in the same layers take the same time, other layers do not.
void KeepLatency(const Card& former, Card& card);

}  // namespace tuckerseg
