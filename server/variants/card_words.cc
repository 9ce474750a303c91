#include "server/variants/card_words.h"

#include <cmath>

#include "engine/text_table.h"
#include "server/variants/shown_text.h"

namespace tuckerseg {
namespace {

std::string Decimals(double value) { return Fixed(value, 3); }

/// Rounded down: more than the bound itself must not be promised.
std::string LowerDecimals(double value) { return Decimals(std::floor(value * 1000 + 1e-6) / 1000); }

std::string CasesInWords(const CardData& data) {
  const std::string unit = data.phantoms ? "phantom" : "case";
  std::string text = std::to_string(data.cases) + " " + unit + (data.cases == 1 ? "" : "s") + (data.phantoms ? ", no patient" : "");
  if (data.seen_cases > 0) text.append(", ").append(std::to_string(data.seen_cases)).append(" of them seen when it was made");
  return text;
}

std::string DiceToOriginalInWords(const CardDice& dice) {
  if (!dice.mean && !dice.quality) return "";
  std::string text = "mean Dice";
  if (dice.mean) text.append(" ").append(Decimals(*dice.mean));
  if (dice.quality) {
    text.append(dice.mean ? " (at least " : " at least ").append(LowerDecimals(*dice.quality));
    if (dice.mean) text.append(")");
  }
  return text + " against the original";
}

}  // namespace

std::string MeasurementsInWords(const Card& card) {
  std::string text = card.dice_to_original ? DiceToOriginalInWords(*card.dice_to_original) : "";
  if (card.dice_to_reference && card.dice_to_reference->mean) {
    text.append(text.empty() ? "" : " and ").append("mean Dice ").append(Decimals(*card.dice_to_reference->mean)).append(" against reference labels");
  }
  if (text.empty()) return "not measured";
  const std::string description = ShownText(card.data.description);
  return text + ", on " + CasesInWords(card.data) + (description.empty() ? "" : " (" + description + ")");
}

}  // namespace tuckerseg
