/// What was measured of a variant as a card, for programs and people (docs/card.md).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "compression/cases/case_files.h"
#include "compression/evaluate/model_form.h"
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
/// leave intervals and quality out and say so.
Card MakeCard(const CardSubject& subject, const CaseFolder& folder, const VariantScores& scores, const VariantSummary& summary);

/// Takes over what a bench measured of `former`, the card that `card` replaces, where both are of one variant with the same parameters and
/// multiply-adds: other weights in the same layers take the same time, other layers do not.
void KeepLatency(const Card& former, Card& card);

/// The cards in `directory`; none where there is no card.json. One that cannot be read counts as none: it is about to be replaced.
std::vector<Card> ReadCardFile(const std::filesystem::path& directory);

/// The cards by form, each with what a bench measured before and its card.json still holds.
std::vector<Card> MakeCards(std::span<const ModelForm> forms, const CaseFolder& folder, std::span<const VariantScores> scores,
                            std::span<const VariantSummary> summaries);

/// Writes each card into the card.json of its form's directory. Where levels share a directory, all of them stand in the order of the
/// variant; cards of levels that were not measured stay if they are of the same weights. Errors: as WriteWholeFile's.
void WriteCardFiles(std::span<const ModelForm> forms, std::span<const Card> cards);

}  // namespace tuckerseg
