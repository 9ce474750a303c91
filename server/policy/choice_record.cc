#include "server/policy/choice_record.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "engine/model/json_fields.h"

namespace tuckerseg {
namespace {

constexpr int64_t kFormatVersion = 1;
constexpr int64_t kMostBytes = int64_t{1} << 50;
constexpr double kMostSeconds = 1e12;
constexpr size_t kMostOffers = 10000;
constexpr int64_t kMostPlaces = 10000;

int64_t Bytes(int64_t bytes) { return std::clamp(bytes, int64_t{0}, kMostBytes); }

double Seconds(double seconds) { return std::clamp(seconds, -kMostSeconds, kMostSeconds); }

Json JsonOf(const LevelPromises& promises) {
  Json json = Json::object();
  if (promises.min_quality) json["min_quality"] = *promises.min_quality;
  if (promises.max_latency_s) json["max_latency_s"] = Seconds(*promises.max_latency_s);
  if (promises.deadline_s) json["deadline_s"] = Seconds(*promises.deadline_s);
  if (promises.max_memory_bytes) json["max_memory_bytes"] = Bytes(*promises.max_memory_bytes);
  return json;
}

Json JsonOf(const LevelOffer& offer) {
  Json json{{"level", offer.level}, {"device", offer.device}};
  if (offer.quality) json["quality"] = *offer.quality;
  json["service_s"] = Seconds(offer.service_s);
  json["queue_s"] = Seconds(offer.queue_s);
  if (offer.spare_s) json["spare_s"] = Seconds(*offer.spare_s);
  json["queue_full"] = offer.queue_full;
  if (offer.client_places) json["client_places"] = *offer.client_places;
  json["needed_bytes"] = Bytes(offer.needed_bytes);
  json["available_bytes"] = Bytes(offer.available_bytes);
  json["device_bytes"] = Bytes(offer.device_bytes);
  if (offer.limit_bytes) json["limit_bytes"] = Bytes(*offer.limit_bytes);
  return json;
}

Json JsonOf(const ChoiceRefusal& refusal) {
  Json json{{"reason", NameOf(refusal.reason)}, {"message", refusal.message}};
  if (refusal.retry_after_s) json["retry_after_s"] = Seconds(*refusal.retry_after_s);
  if (refusal.byte_limit) {
    json["needed_bytes"] = Bytes(refusal.byte_limit->needed_bytes);
    json["limit_bytes"] = Bytes(refusal.byte_limit->limit_bytes);
  }
  return json;
}

void CheckKeys(const JsonField& field, std::initializer_list<const char*> known) {
  if (!field.json().is_object()) field.Refuse("must be an object");
  for (const auto& item : field.json().items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
      JsonField(item.value(), field.path() + "." + item.key()).Refuse("must not be there");
    }
  }
}

double NumberIn(const JsonField& field, double low, double high, const char* right) {
  const double number = field.Number();
  if (!(number >= low && number <= high)) field.Refuse(right);
  return number;
}

double ParseShare(const JsonField& field) { return NumberIn(field, 0, 1, "must be in [0, 1]"); }

double ParseSeconds(const JsonField& field) { return NumberIn(field, 0, kMostSeconds, "must be in [0, 1e12] s"); }

int64_t ParseBytes(const JsonField& field) { return field.Integer(0, kMostBytes); }

std::string ParseName(const JsonField& field) {
  const std::string name = field.Text();
  if (name.empty() || name.size() > 256) field.Refuse("must be a name of 1 to 256 bytes");
  return name;
}

template <typename Parse>
auto Optional(const JsonField& field, const std::string& key, const Parse& parse) -> std::optional<decltype(parse(field))> {
  if (!field.Has(key)) return {};
  return parse(field.At(key));
}

LevelPromises ParsePromises(const JsonField& field) {
  CheckKeys(field, {"min_quality", "max_latency_s", "deadline_s", "max_memory_bytes"});
  const auto parse_deadline = [](const JsonField& left) { return NumberIn(left, -kMostSeconds, kMostSeconds, "must be in [-1e12, 1e12] s"); };
  return {.min_quality = Optional(field, "min_quality", ParseShare),
          .max_latency_s = Optional(field, "max_latency_s", ParseSeconds),
          .deadline_s = Optional(field, "deadline_s", parse_deadline),
          .max_memory_bytes = Optional(field, "max_memory_bytes", ParseBytes)};
}

PolicySettings ParseSettings(const JsonField& field) {
  CheckKeys(field, {"min_quality", "deadline_margin"});
  return {.min_quality = ParseShare(field.At("min_quality")), .deadline_margin = NumberIn(field.At("deadline_margin"), 0, 10, "must be in [0, 10]")};
}

LevelOffer ParseOffer(const JsonField& field) {
  CheckKeys(field, {"level", "device", "quality", "service_s", "queue_s", "spare_s", "queue_full", "client_places", "needed_bytes", "available_bytes", "device_bytes", "limit_bytes"});
  return {.level = ParseName(field.At("level")),
          .device = ParseName(field.At("device")),
          .quality = Optional(field, "quality", ParseShare),
          .service_s = ParseSeconds(field.At("service_s")),
          .queue_s = ParseSeconds(field.At("queue_s")),
          .spare_s = Optional(field, "spare_s", [](const JsonField& spare) { return NumberIn(spare, -kMostSeconds, kMostSeconds, "must be in [-1e12, 1e12] s"); }),
          .queue_full = field.At("queue_full").Boolean(),
          .client_places = Optional(field, "client_places", [](const JsonField& places) { return places.Integer(1, kMostPlaces); }),
          .needed_bytes = ParseBytes(field.At("needed_bytes")),
          .available_bytes = ParseBytes(field.At("available_bytes")),
          .device_bytes = ParseBytes(field.At("device_bytes")),
          .limit_bytes = Optional(field, "limit_bytes", ParseBytes)};
}

std::vector<LevelOffer> ParseOffers(const JsonField& field) {
  if (field.Size() > kMostOffers) field.Refuse("must hold at most 10000 offers");
  std::vector<LevelOffer> offers = field.Each(ParseOffer);
  std::set<std::pair<std::string, std::string>> seen;
  for (size_t i = 0; i < offers.size(); ++i) {
    if (!seen.emplace(offers[i].level, offers[i].device).second) field.At(i).Refuse("must be the only offer of its level on its device");
  }
  return offers;
}

LevelReason ParseReason(const JsonField& field, std::initializer_list<LevelReason> possible) {
  const std::optional<LevelReason> reason = FindLevelReason(field.Text());
  if (!reason || std::find(possible.begin(), possible.end(), *reason) == possible.end()) {
    std::string right = "must be one of";
    for (const LevelReason one : possible) right += std::string(" ") + NameOf(one);
    field.Refuse(right);
  }
  return *reason;
}

LevelVerdict ParseChosen(const JsonField& field, const std::vector<LevelOffer>& offers) {
  CheckKeys(field, {"level", "device", "reason", "finish_s"});
  const std::string level = field.At("level").Text();
  const std::string device = field.At("device").Text();
  const auto offer = std::find_if(offers.begin(), offers.end(), [&](const LevelOffer& one) { return one.level == level && one.device == device; });
  if (offer == offers.end() || !offer->quality) field.Refuse("must be an offer whose quality is known");
  const LevelReason reason = ParseReason(
      field.At("reason"), {LevelReason::kQuality, LevelReason::kOnly, LevelReason::kDeadline, LevelReason::kQueue, LevelReason::kMemory});
  return {.offer = static_cast<size_t>(offer - offers.begin()), .reason = reason, .finish_s = ParseSeconds(field.At("finish_s")), .refusal = {}};
}

/// Not written: it follows from the reason.
ErrorCode CodeOf(LevelReason reason) {
  if (reason == LevelReason::kQuality) return ErrorCode::kFailedPrecondition;
  return reason == LevelReason::kDeadline ? ErrorCode::kDeadlineExceeded : ErrorCode::kResourceExhausted;
}

LevelVerdict ParseRefused(const JsonField& field) {
  CheckKeys(field, {"reason", "message", "retry_after_s", "needed_bytes", "limit_bytes"});
  ChoiceRefusal refusal;
  refusal.reason = ParseReason(field.At("reason"), {LevelReason::kQuality, LevelReason::kDeadline, LevelReason::kQueue, LevelReason::kMemory});
  refusal.code = CodeOf(refusal.reason);
  refusal.message = field.At("message").Text();
  refusal.retry_after_s = Optional(field, "retry_after_s", ParseSeconds);
  if (field.Has("needed_bytes") || field.Has("limit_bytes")) {  // neither is in records of versions that did not tell them
    refusal.byte_limit = ByteLimit{.needed_bytes = ParseBytes(field.At("needed_bytes")), .limit_bytes = ParseBytes(field.At("limit_bytes"))};
  }
  return {.offer = {}, .refusal = refusal};
}

}  // namespace

std::string EncodeChoice(const ChoiceRecord& record) {
  Json json{{"format_version", kFormatVersion},
            {"at_s", Seconds(record.at_s)},
            {"task", record.task},
            {"promises", JsonOf(record.promises)},
            {"settings", Json{{"min_quality", record.settings.min_quality}, {"deadline_margin", record.settings.deadline_margin}}},
            {"held_bytes", Bytes(record.held_bytes)}};
  Json& offers = json["offers"] = Json::array();
  for (const LevelOffer& offer : record.offers) offers.push_back(JsonOf(offer));
  if (record.verdict.offer) {
    const LevelOffer& chosen = record.offers.at(*record.verdict.offer);
    json["chosen"] = Json{{"level", chosen.level}, {"device", chosen.device}, {"reason", NameOf(record.verdict.reason)}, {"finish_s", Seconds(record.verdict.finish_s)}};
  } else {
    json["refused"] = JsonOf(record.verdict.refusal.value_or(ChoiceRefusal{}));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ChoiceRecord ParseChoice(std::string_view line) {
  const Json json = ParseJson(line, "choice");
  const JsonField root(json, "choice");
  CheckKeys(root, {"format_version", "at_s", "task", "promises", "settings", "held_bytes", "offers", "chosen", "refused"});
  root.At("format_version").Integer(kFormatVersion, kFormatVersion);
  ChoiceRecord record;
  record.at_s = ParseSeconds(root.At("at_s"));
  record.task = ParseName(root.At("task"));
  record.promises = ParsePromises(root.At("promises"));
  record.settings = ParseSettings(root.At("settings"));
  record.held_bytes = ParseBytes(root.At("held_bytes"));
  record.offers = ParseOffers(root.At("offers"));
  if (root.Has("chosen") == root.Has("refused")) root.Refuse("must be either chosen or refused");
  record.verdict = root.Has("chosen") ? ParseChosen(root.At("chosen"), record.offers) : ParseRefused(root.At("refused"));
  return record;
}

}  // namespace tuckerseg
