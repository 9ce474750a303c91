/// The card.json beside a bundle and its variants, which an evaluation writes anew (docs/card.md).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "compression/cases/case_files.h"
#include "compression/evaluate/variant_summary.h"
#include "compression/forms/model_form.h"
#include "engine/model/card.h"

namespace tuckerseg {

/// Before hours of work, not after: whether the card.json in `directory`, if there is one, can be read and so be written anew.
/// Errors: as ReadCards', with `what` in front.
void CheckCardFile(const std::filesystem::path& directory, const std::string& what);

/// The cards by form, each with what a bench measured before and its card.json still holds. Errors: as ReadCards'.
std::vector<Card> MakeCards(std::span<const ModelForm> forms, const CaseFolder& folder, std::span<const VariantScores> scores,
                            std::span<const VariantSummary> summaries);

/// Writes each card into the card.json of its form's directory. Where levels share a directory, all of them stand in the order of the
/// variant; cards of levels that were not measured stay if they are of the same weights. Errors: as ReadCards' and WriteWholeFile's.
void WriteCardFiles(std::span<const ModelForm> forms, std::span<const Card> cards);

}  // namespace tuckerseg
