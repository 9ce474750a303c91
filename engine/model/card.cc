#include "engine/model/card.h"

#include "engine/model/json_fields.h"

namespace tuckerseg {
namespace {

constexpr int64_t kMostCases = 1'000'000;
constexpr int64_t kMostCount = int64_t{1} << 53;  // whole numbers that a double holds
constexpr int64_t kMostThreads = 65536;
constexpr int64_t kLongestPatch = 4096;

/// What `read` makes of a field that may be absent or null.
template <typename Read>
auto Optional(const JsonField& object, const char* key, Read&& read) -> std::optional<decltype(read(object))> {
  if (!object.Has(key) || object.At(key).IsNull()) return std::nullopt;
  return read(object.At(key));
}

double Share(const JsonField& field) {
  const double share = field.Number();
  if (share < 0 || share > 1) field.Refuse("must be in [0, 1]");
  return share;
}

double NotNegative(const JsonField& field) {
  const double number = field.Number();
  if (number < 0) field.Refuse("must be at least 0");
  return number;
}

int64_t Count(const JsonField& field) { return field.Integer(0, kMostCount); }
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
  structure.dice = Optional(field, "dice", Share);
  structure.dice_ci95 = Optional(field, "ci95", ReadInterval);
  structure.surface_dice = Optional(field, "surface_dice", Share);
  structure.hd95_mm = Optional(field, "hd95_mm", NotNegative);
  structure.missed = Optional(field, "missed", CaseCount).value_or(0);
  structure.found_absent = Optional(field, "found_absent", CaseCount).value_or(0);
  return structure;
}

/// Cards of before variants say neither cases nor intervals here: all cases were labelled.
CardDice ReadDice(const JsonField& field, int64_t all_cases, bool to_original) {
  CardDice dice;
  dice.cases = Optional(field, "cases", CaseCount).value_or(all_cases);
  dice.mean = Optional(field, "mean", Share);
  dice.ci95 = Optional(field, "ci95", ReadInterval);
  dice.n_too_small = Optional(field, "n_too_small", [](const JsonField& flag) { return flag.Boolean(); }).value_or(false);
  if (to_original) dice.quality = Optional(field, "quality", Share);
  if (to_original) dice.equal_share = Optional(field, "equal_share", Share);
  dice.structures = field.At("structures").Each(ReadStructure);
  return dice;
}

CardLatency ReadLatency(const JsonField& field) {
  CardLatency latency;
  latency.device = field.At("device").Text();
  latency.executor = field.At("executor").Text();
  latency.precision = field.At("precision").Text();
  latency.threads = field.At("threads").Integer(1, kMostThreads);
  latency.patch = field.At("patch").Integers3(1, kLongestPatch);
  latency.min_s = NotNegative(field.At("min_s"));
  latency.median_s = NotNegative(field.At("median_s"));
  latency.peak_bytes = Optional(field, "peak_bytes", Count);
  return latency;
}

/// null for what does not exist: a reader must see that it was not measured rather than forgotten.
template <typename Value>
Json OrNull(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json StructureJson(const CardStructure& structure) {
  return {{"name", structure.name},
          {"cases", structure.cases},
          {"dice", OrNull(structure.dice)},
          {"ci95", OrNull(structure.dice_ci95)},
          {"surface_dice", OrNull(structure.surface_dice)},
          {"hd95_mm", OrNull(structure.hd95_mm)},
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

Json LatencyJson(const CardLatency& latency) {
  return {{"device", latency.device},       {"executor", latency.executor}, {"precision", latency.precision},
          {"threads", latency.threads},     {"patch", latency.patch},       {"min_s", latency.min_s},
          {"median_s", latency.median_s},   {"peak_bytes", OrNull(latency.peak_bytes)}};
}

Card ReadCard(const JsonField& field) {
  field.At("format_version").Integer(1, 1);
  Card card;
  card.model = field.At("model").Text();
  card.task = field.At("task").Text();
  card.variant = field.At("variant").Text();
  if (field.Has("method")) card.method = field.At("method").Text();
  card.level = Optional(field, "level", Share);
  card.weights_sha256 = field.At("weights_sha256").Text();
  card.parameters = Optional(field, "parameters", Count);
  card.multiply_adds_per_patch = Optional(field, "multiply_adds_per_patch", Count);
  card.weight_bytes = Optional(field, "weight_bytes", Count);
  const JsonField data = field.At("data");
  card.data = {data.At("description").Text(), data.At("phantoms").Boolean(), CaseCount(data.At("cases")), Optional(data, "seen_cases", CaseCount).value_or(0)};
  const int64_t cases = card.data.cases;
  card.surface_tolerance_mm = Optional(field, "surface_tolerance_mm", NotNegative);
  card.dice_to_reference = Optional(field, "dice_to_reference", [&](const JsonField& dice) { return ReadDice(dice, cases, false); });
  card.dice_to_original = Optional(field, "dice_to_original", [&](const JsonField& dice) { return ReadDice(dice, cases, true); });
  if (field.Has("latency")) card.latency = field.At("latency").Each(ReadLatency);
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
  for (const CardLatency& latency : card.latency) json["latency"].push_back(LatencyJson(latency));
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
