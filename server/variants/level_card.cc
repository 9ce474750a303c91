#include "server/variants/level_card.h"

#include <cmath>
#include <cstdio>

#include "engine/error.h"
#include "engine/model/json_fields.h"
#include "engine/whole_file.h"
#include "server/observe/log.h"
#include "server/variants/shown_text.h"

namespace tuckerseg {
namespace {

constexpr auto kCardFile = "card.json";
constexpr int64_t kMostCases = int64_t{1} << 40;

/// Absent, null or in [0, 1].
std::optional<double> Share(const JsonField& object, const std::string& key) {
  if (!object.Has(key) || object.At(key).IsNull()) return {};
  const double share = object.At(key).Number();
  if (!(share >= 0 && share <= 1)) object.At(key).Refuse("must be in [0, 1], or null");
  return share;
}

LevelCard ParseCard(const JsonField& field, const std::string& weights_sha256) {
  LevelCard card;
  card.weights_sha256 = field.Has("weights_sha256") ? field.At("weights_sha256").Text() : weights_sha256;
  if (field.Has("dice_to_original")) {
    card.dice_to_original = Share(field.At("dice_to_original"), "mean");
    card.quality = Share(field.At("dice_to_original"), "quality");
  }
  if (field.Has("dice_to_reference")) card.dice_to_reference = Share(field.At("dice_to_reference"), "mean");
  const JsonField data = field.At("data");
  card.data = ShownText(data.At("description").Text());
  card.phantoms = data.At("phantoms").Boolean();
  card.cases = data.At("cases").Integer(0, kMostCases);
  return card;
}

std::string Decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f", value);
  return text;
}

/// Rounded down: more than the bound itself must not be promised.
std::string LowerDecimals(double value) { return Decimals(std::floor(value * 1000 + 1e-6) / 1000); }

std::string CasesInWords(const LevelCard& card) {
  const std::string unit = card.phantoms ? "phantom" : "case";
  return std::to_string(card.cases) + " " + unit + (card.cases == 1 ? "" : "s") + (card.phantoms ? ", no patient" : "");
}

std::string DiceToOriginalInWords(const LevelCard& card) {
  if (!card.dice_to_original && !card.quality) return "";
  std::string text = "mean Dice";
  if (card.dice_to_original) text.append(" ").append(Decimals(*card.dice_to_original));
  if (card.quality) {
    text.append(card.dice_to_original ? " (at least " : " at least ").append(LowerDecimals(*card.quality));
    if (card.dice_to_original) text.append(")");
  }
  return text + " against the original";
}

void LogIgnored(const std::string& place, const std::string& reason) {
  Log(LogLevel::kWarning, "card_ignored", {{"card", place}, {"reason", reason}});
}

}  // namespace

std::map<std::string, LevelCard> ParseLevelCards(const std::string& text) {
  const Json json = ParseJson(text, "card");
  const JsonField root(json, "card");
  std::map<std::string, LevelCard> cards;
  if (!root.Has("levels")) {
    cards[root.At("variant").Text()] = ParseCard(root, "");
    return cards;
  }
  const JsonField levels = root.At("levels");
  const std::string weights = root.Has("weights_sha256") ? root.At("weights_sha256").Text() : "";
  for (size_t i = 0; i < levels.Size(); ++i) cards[levels.At(i).At("variant").Text()] = ParseCard(levels.At(i), weights);
  return cards;
}

std::map<std::string, LevelCard> ReadLevelCards(const std::filesystem::path& directory, const std::string& weights_sha256,
                                                const std::string& place) {
  std::error_code absent;
  if (!std::filesystem::exists(directory / kCardFile, absent)) return {};
  const std::optional<std::string> text = ReadWholeFile(directory / kCardFile);
  std::map<std::string, LevelCard> cards;
  try {
    if (!text) throw Error(ErrorCode::kInvalidArgument, "card: cannot be read: must be a file");
    cards = ParseLevelCards(*text);
  } catch (const Error& error) {
    LogIgnored(place, ShownText(error.what()));
    return {};
  }
  const auto of_others = std::erase_if(cards, [&](const auto& card) {
    return !card.second.weights_sha256.empty() && card.second.weights_sha256 != weights_sha256;
  });
  if (of_others > 0) LogIgnored(place, "is of other weights");
  return cards;
}

std::string MeasurementsInWords(const LevelCard& card) {
  std::string text = DiceToOriginalInWords(card);
  if (card.dice_to_reference) text.append(text.empty() ? "" : " and ").append("mean Dice ").append(Decimals(*card.dice_to_reference)).append(" against reference labels");
  if (text.empty()) return "not measured";
  return text + ", on " + CasesInWords(card) + (card.data.empty() ? "" : " (" + card.data + ")");
}

}  // namespace tuckerseg
