#include "engine/model/card.h"

#include "engine/model/card_fields.h"
#include "engine/model/card_latency_json.h"
#include "engine/model/json_fields.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMostCases = 1'000'000;

double Share(const JsonField& field) {
  const double share = field.Number();
  if (share < 0 || share > 1) field.Refuse("must be in [0, 1]");
  return share;
}

int64_t CaseCount(const JsonField& field) { return field.Integer(0, kMostCases); }

CardInterval ReadInterval(const JsonField& field) {
  if (field.Size() != 2) field.Refuse("must have two entries");
  const CardInterval interval{Share(field.At(size_t{0})), Share(field.At(1))};
  if (interval[0] > interval[1]) field.Refuse("must ascend");
  return interval;
}

CardStructure ReadStructure(const JsonField& field) {
  CardStructure structure;
  structure.name = field.At("name").Text();
  structure.cases = CaseCount(field.At("cases"));
  structure.dice = OptionalOf(field, "dice", Share);
  structure.dice_ci95 = OptionalOf(field, "ci95", ReadInterval);
  structure.surface_dice = OptionalOf(field, "surface_dice", Share);
  structure.hd95_mm = OptionalOf(field, "hd95_mm", NotNegative);
  structure.volume_error = OptionalOf(field, "volume_error", NotNegative);
  structure.missed = OptionalOf(field, "missed", CaseCount).value_or(0);
  structure.found_absent = OptionalOf(field, "found_absent", CaseCount).value_or(0);
  return structure;
}

/// Cards of before variants say neither cases nor intervals here: all cases were labelled.
CardDice ReadDice(const JsonField& field, int64_t all_cases, bool to_original) {
  CardDice dice;
  dice.cases = OptionalOf(field, "cases", CaseCount).value_or(all_cases);
  dice.mean = OptionalOf(field, "mean", Share);
  dice.ci95 = OptionalOf(field, "ci95", ReadInterval);
  dice.n_too_small = OptionalOf(field, "n_too_small", [](const JsonField& flag) { return flag.Boolean(); }).value_or(false);
  if (to_original) dice.quality = OptionalOf(field, "quality", Share);
  if (to_original) dice.equal_share = OptionalOf(field, "equal_share", Share);
  dice.structures = field.At("structures").Each(ReadStructure);
  return dice;
}

Json StructureJson(const CardStructure& structure) {
  return {{"name", structure.name},
          {"cases", structure.cases},
          {"dice", OrNull(structure.dice)},
          {"ci95", OrNull(structure.dice_ci95)},
          {"surface_dice", OrNull(structure.surface_dice)},
          {"hd95_mm", OrNull(structure.hd95_mm)},
          {"volume_error", OrNull(structure.volume_error)},
          {"missed", structure.missed},
          {"found_absent", structure.found_absent}};
}

Json DiceJson(const CardDice& dice, bool to_original) {
  Json json{{"cases", dice.cases}, {"mean", OrNull(dice.mean)}, {"ci95", OrNull(dice.ci95)}};
  if (dice.n_too_small) json["n_too_small"] = true;
  if (to_original) json["quality"] = OrNull(dice.quality);
  if (to_original) json["equal_share"] = OrNull(dice.equal_share);
  json["structures"] = Json::array();
  for (const CardStructure& structure : dice.structures) json["structures"].push_back(StructureJson(structure));
  return json;
}

Card ReadCard(const JsonField& field) {
  field.At("format_version").Integer(1, 1);
  Card card;
  card.model = field.At("model").Text();
  card.task = field.At("task").Text();
  card.variant = field.At("variant").Text();
  if (field.Has("method")) card.method = field.At("method").Text();
  card.level = OptionalOf(field, "level", Share);
  card.weights_sha256 = field.At("weights_sha256").Text();
  card.parameters = OptionalOf(field, "parameters", CountOf);
  card.multiply_adds_per_patch = OptionalOf(field, "multiply_adds_per_patch", CountOf);
  card.weight_bytes = OptionalOf(field, "weight_bytes", CountOf);
  const JsonField data = field.At("data");
  card.data = {data.At("description").Text(), data.At("phantoms").Boolean(), CaseCount(data.At("cases")), OptionalOf(data, "seen_cases", CaseCount).value_or(0)};
  const int64_t cases = card.data.cases;
  if (card.data.seen_cases > cases) data.At("seen_cases").Refuse("must be at most " + std::to_string(cases) + ", the cases");
  card.surface_tolerance_mm = OptionalOf(field, "surface_tolerance_mm", NotNegative);
  card.dice_to_reference = OptionalOf(field, "dice_to_reference", [&](const JsonField& dice) { return ReadDice(dice, cases, false); });
  card.dice_to_original = OptionalOf(field, "dice_to_original", [&](const JsonField& dice) { return ReadDice(dice, cases, true); });
  // A promise of cases that the variant was made with would be kept by nobody.
  if (card.data.seen_cases > 0 && card.Quality()) field.At("dice_to_original").At("quality").Refuse("must be null where data.seen_cases is above 0");
  if (field.Has("latency")) card.latency = field.At("latency").Each(ParseCardLatency);
  if (field.Has("volume_latency")) card.volume_latency = field.At("volume_latency").Each(ParseCardVolumeLatency);
  return card;
}

Json CardJson(const Card& card) {
  Json json{{"format_version", 1}, {"model", card.model}, {"task", card.task}, {"variant", card.variant}};
  if (!card.method.empty()) json["method"] = card.method;
  json["level"] = OrNull(card.level);
  json["weights_sha256"] = card.weights_sha256;
  json["parameters"] = OrNull(card.parameters);
  json["multiply_adds_per_patch"] = OrNull(card.multiply_adds_per_patch);
  json["weight_bytes"] = OrNull(card.weight_bytes);
  json["data"] = {{"description", card.data.description}, {"phantoms", card.data.phantoms}, {"cases", card.data.cases}};
  if (card.data.seen_cases > 0) json["data"]["seen_cases"] = card.data.seen_cases;
  if (card.surface_tolerance_mm) json["surface_tolerance_mm"] = *card.surface_tolerance_mm;
  if (card.dice_to_reference) json["dice_to_reference"] = DiceJson(*card.dice_to_reference, false);
  if (card.dice_to_original) json["dice_to_original"] = DiceJson(*card.dice_to_original, true);
  json["latency"] = Json::array();
  for (const CardLatency& latency : card.latency) json["latency"].push_back(CardLatencyJson(latency));
  for (const CardVolumeLatency& latency : card.volume_latency) json["volume_latency"].push_back(CardVolumeLatencyJson(latency));
  return json;
}

std::string FileText(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

Card ParseCard(std::string_view text) {
  const Json document = ParseJson(text, "card.json");
  return ReadCard(JsonField(document, "card"));
}

std::string EncodeCard(const Card& card) { return FileText(CardJson(card)); }

std::vector<Card> ParseCards(std::string_view text) {
  const Json document = ParseJson(text, "card.json");
  const JsonField field(document, "card");
  if (!field.Has("levels")) return {ReadCard(field)};
  field.At("format_version").Integer(1, 1);
  return field.At("levels").Each(ReadCard);
}

std::string EncodeCards(std::span<const Card> cards) {
  Json json{{"format_version", 1}, {"levels", Json::array()}};
  for (const Card& card : cards) json["levels"].push_back(CardJson(card));
  return FileText(json);
}

}  // namespace tuckerseg
