#include "compression/bench/card_latency.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "engine/error.h"
#include "engine/model/cost.h"
#include "engine/model/json_fields.h"
#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

constexpr std::array kKey{"device", "executor", "precision", "threads", "patch"};

bool SameKey(const Json& a, const Json& b) {
  return std::all_of(kKey.begin(), kKey.end(), [&](const char* field) { return a.contains(field) && b.contains(field) && a[field] == b[field]; });
}

/// A card without the field is of any weights.
void CheckWeights(const JsonField& card, const std::string& weights_sha256) {
  if (!card.Has("weights_sha256")) return;
  const std::string of = card.At("weights_sha256").Text();
  if (of.empty() || of == weights_sha256) return;
  throw Error(ErrorCode::kFailedPrecondition,
              card.path() + ".weights_sha256: is of other weights: the model must be evaluated anew, or the card removed");
}

int64_t TotalBytes(const Bundle& bundle) {
  int64_t bytes = 0;
  for (const WeightStore& weights : bundle.weights) bytes += weights.TotalBytes();
  return bytes;
}

}  // namespace

Json LatencyEntry(const TimingSetting& setting, const VariantReport& report) {
  return {{"device", setting.device},
          {"executor", setting.executor},
          {"precision", setting.precision},
          {"threads", setting.threads},
          {"patch", report.patch},
          {"min_s", report.latency.min_s},
          {"median_s", report.latency.median_s},
          {"peak_bytes", report.latency.peak_bytes ? Json(*report.latency.peak_bytes) : Json(nullptr)}};
}

void PutLatency(Json& card, Json entry) {
  const JsonField field(card, "card");
  if (!card.is_object()) field.Refuse("must be an object");
  Json& latency = card["latency"];
  if (latency.is_null()) latency = Json::array();
  if (!latency.is_array()) field.At("latency").Refuse("must be a list");
  const auto same = std::find_if(latency.begin(), latency.end(), [&](const Json& known) { return SameKey(known, entry); });
  if (same != latency.end()) {
    *same = std::move(entry);
  } else {
    latency.push_back(std::move(entry));
  }
}

Json CostCard(const Bundle& bundle, const std::string& level_name, const Variant* variant, const VariantLevel* level) {
  Json card{{"format_version", 1}, {"model", bundle.model.name}, {"task", bundle.model.task}, {"variant", level_name}};
  if (variant != nullptr) card["method"] = variant->method;
  card["level"] = level != nullptr && level->level ? Json(*level->level) : Json(nullptr);
  card["weights_sha256"] = variant != nullptr ? variant->weights_sha256 : bundle.model.provenance.weights_sha256;
  card["parameters"] = ParameterCount(bundle.model);
  card["multiply_adds_per_patch"] = TotalMultiplyAdds(bundle.model);
  card["weight_bytes"] = TotalBytes(bundle);
  card["data"] = {{"description", ""}, {"phantoms", false}, {"cases", 0}};
  return card;
}

CardFile::CardFile(std::filesystem::path directory, const std::string& weights_sha256) : path_(std::move(directory) / "card.json") {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return;
  std::ifstream file(path_, std::ios::binary);
  json_ = ParseJson(std::string(std::istreambuf_iterator<char>(file), {}), "card.json");
  const JsonField root(json_, "card");
  if (!json_.is_object()) root.Refuse("must be an object");
  CheckWeights(root, weights_sha256);
  if (!root.Has("levels")) {
    root.At("variant").Text();
    return;
  }
  const JsonField levels = root.At("levels");
  for (size_t i = 0; i < levels.Size(); ++i) {
    levels.At(i).At("variant").Text();
    CheckWeights(levels.At(i), weights_sha256);
  }
}

void CardFile::Put(const std::string& level_name, const Json& fresh, Json entry) { PutLatency(CardOf(level_name, fresh), std::move(entry)); }

Json& CardFile::CardOf(const std::string& level_name, const Json& fresh) {
  if (json_.is_null()) return json_ = fresh;
  if (!json_.contains("levels")) {
    if (json_["variant"] == level_name) return json_;
    // A second level of elastic ranks: the first one's card moves into the list.
    Json first = std::exchange(json_, Json{{"format_version", 1}});
    json_["levels"] = Json::array();
    json_["levels"].push_back(std::move(first));
  }
  for (Json& card : json_["levels"])
    if (card["variant"] == level_name) return card;
  json_["levels"].push_back(fresh);
  return json_["levels"].back();
}

void CardFile::Write() const { WriteWholeFile(path_, json_.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"); }

}  // namespace tuckerseg
