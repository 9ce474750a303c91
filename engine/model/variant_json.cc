#include <algorithm>
#include <set>

#include "engine/error.h"
#include "engine/model/json_fields.h"
#include "engine/model/layer_json.h"
#include "engine/model/plain_name.h"
#include "engine/model/variant.h"

namespace tuckerseg {
namespace {

constexpr int64_t kFormatVersion = 1;
constexpr int64_t kMostRanks = int64_t{1} << 20;
constexpr size_t kMostSmallerLevels = 64;  // each copies all graphs
constexpr size_t kCaseDigits = 8;

void PutLevel(const VariantLevel& level, Json& json) {
  json["name"] = level.name;
  json["level"] = level.level ? Json(*level.level) : Json(nullptr);
  json["default"] = level.is_default;
}

/// The levels of Tucker layers are told by their ranks alone: all else is the largest level's.
Json RanksJson(const VariantLevel& level, const Model& model) {
  Json parts = Json::array();
  for (size_t i = 0; i < model.parts.size(); ++i) {
    Json ranks = Json::object();
    for (const Layer& layer : level.graphs[i].layers)
      if (IsTucker(layer.kind)) ranks[layer.name] = {layer.rank_in, layer.rank_out};
    parts.push_back({{"name", model.parts[i].name}, {"ranks", ranks}});
  }
  return parts;
}

VariantLevel ParseLevel(const JsonField& field) {
  VariantLevel level;
  level.name = ParsePlainName(field.At("name"));
  if (level.name == kOriginal || level.name == "auto") field.At("name").Refuse("must be another name: this one has a meaning of its own");
  const JsonField number = field.At("level");
  if (!number.IsNull()) {
    level.level = number.Number();
    if (!(*level.level > 0 && *level.level <= 1)) number.Refuse("must be in (0, 1], or null");
  }
  level.is_default = field.At("default").Boolean();
  if (level.is_default && !level.level) field.At("default").Refuse("must be false without a level");
  return level;
}

/// A variant takes the model's place: input and output must be the same, and so must the patch's rule.
void CheckFits(const JsonField& field, const LayerGraph& graph, const ModelPart& part) {
  if (graph.InChannels() != part.graph.InChannels() || graph.OutChannels() != part.graph.OutChannels()) {
    field.Refuse("must have the model's " + std::to_string(part.graph.InChannels()) + " input and " + std::to_string(part.graph.OutChannels()) + " output channels");
  }
  const Size3 divisor = graph.PatchDivisor();
  for (size_t a = 0; a < 3; ++a)
    if (part.patch_size[a] % divisor[a] != 0) field.Refuse("must have strides that divide the model's patch");
}

JsonField PartField(const JsonField& parts, size_t place, const Model& model) {
  if (parts.Size() != model.parts.size()) parts.Refuse("must have " + std::to_string(model.parts.size()) + " parts, as the model has");
  const JsonField part = parts.At(place);
  if (part.At("name").Text() != model.parts[place].name) part.At("name").Refuse("must be " + model.parts[place].name + ", as in the model");
  return part;
}

VariantLevel ParseLargest(const JsonField& root, const Model& model) {
  VariantLevel level = ParseLevel(root);
  for (size_t i = 0; i < model.parts.size(); ++i) {
    const JsonField layers = PartField(root.At("parts"), i, model).At("layers");
    level.graphs.push_back(ParseLayers(layers));
    CheckFits(layers, level.graphs.back(), model.parts[i]);
  }
  return level;
}

LayerGraph WithRanks(const JsonField& ranks, LayerGraph graph) {
  if (!ranks.json().is_object()) ranks.Refuse("must be an object");
  size_t used = 0;
  for (Layer& layer : graph.layers) {
    if (!IsTucker(layer.kind)) continue;
    const JsonField pair = ranks.At(layer.name);
    if (pair.Size() != 2) pair.Refuse("must be rank_in and rank_out");
    layer.rank_in = pair.At(size_t{0}).Integer(1, layer.rank_in);
    layer.rank_out = pair.At(1).Integer(1, layer.rank_out);
    ++used;
  }
  if (ranks.json().size() != used) ranks.Refuse("must name the Tucker layers and no other");
  return graph;
}

VariantLevel ParseSmaller(const JsonField& field, const VariantLevel& largest, const Model& model) {
  VariantLevel level = ParseLevel(field);
  for (size_t i = 0; i < model.parts.size(); ++i)
    level.graphs.push_back(WithRanks(PartField(field.At("parts"), i, model).At("ranks"), largest.graphs[i]));
  return level;
}

/// Absent in variants that saw no data, and in those of before there was the list.
std::set<std::string> ParseSeenCases(const JsonField& root) {
  std::set<std::string> seen;
  if (!root.Has("seen_cases")) return seen;
  const JsonField list = root.At("seen_cases");
  for (size_t i = 0; i < list.Size(); ++i) {
    const std::string digest = list.At(i).Text();
    if (digest.size() != kCaseDigits || digest.find_first_not_of("0123456789abcdef") != std::string::npos) {
      list.At(i).Refuse("must be " + std::to_string(kCaseDigits) + " lower-case hexadecimal digits");
    }
    if (!seen.empty() && digest <= *seen.rbegin()) list.At(i).Refuse("must be above the one before: they ascend, and none stands twice");
    seen.insert(seen.end(), digest);
  }
  return seen;
}

void CheckModel(const JsonField& root, const Variant& variant, const Model& model) {
  if (variant.model != model.name) {
    throw Error(ErrorCode::kFailedPrecondition, root.path() + ".model = " + variant.model + ": must be " + model.name + ", the bundle's model");
  }
  if (variant.model_sha256 != model.provenance.weights_sha256) {
    throw Error(ErrorCode::kFailedPrecondition, root.path() + ".model_weights_sha256: is of other weights than the bundle's: must be a variant of this bundle");
  }
}

void CheckGraphs(const Variant& variant, const Model& model) {
  if (variant.levels.empty()) throw Error(ErrorCode::kInvalidArgument, "variant: has no level: must have one at least");
  for (const VariantLevel& level : variant.levels) {
    if (level.graphs.size() == model.parts.size()) continue;
    throw Error(ErrorCode::kInvalidArgument, "variant: level " + level.name + ": has graphs of " + std::to_string(level.graphs.size()) + " parts: must be " +
                                                 std::to_string(model.parts.size()));
  }
}

}  // namespace

std::string EncodeVariant(const Variant& variant, const Model& model) {
  CheckGraphs(variant, model);
  Json json{{"format_version", kFormatVersion}};
  const VariantLevel& largest = variant.levels.front();
  PutLevel(largest, json);
  json["model"] = variant.model;
  json["model_weights_sha256"] = variant.model_sha256;
  json["method"] = variant.method;
  json["grid"] = variant.grid;
  json["calibration"] = variant.calibration;
  json["tuning"] = variant.tuning;
  if (!variant.seen_cases.empty()) json["seen_cases"] = variant.seen_cases;
  json["weights_sha256"] = variant.weights_sha256;
  json["parts"] = Json::array();
  for (size_t i = 0; i < model.parts.size(); ++i)
    json["parts"].push_back({{"name", model.parts[i].name}, {"layers", LayersJson(largest.graphs[i])}});
  json["elastic"] = Json::array();
  for (size_t i = 1; i < variant.levels.size(); ++i) {
    Json level = Json::object();
    PutLevel(variant.levels[i], level);
    level["parts"] = RanksJson(variant.levels[i], model);
    json["elastic"].push_back(std::move(level));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Variant ParseVariant(const std::string& text, const Model& model) {
  const Json json = ParseJson(text, "variant");
  const JsonField root(json, "variant");
  if (root.At("format_version").Integer(0, kMostRanks) != kFormatVersion) {
    root.At("format_version").Refuse("must be " + std::to_string(kFormatVersion) + ", the version this program reads");
  }
  Variant variant;
  variant.model = root.At("model").Text();
  variant.model_sha256 = root.At("model_weights_sha256").Text();
  CheckModel(root, variant, model);
  variant.method = root.At("method").Text();
  variant.grid = root.At("grid").Integer(1, kMostRanks);
  variant.calibration = root.At("calibration").Text();
  variant.tuning = root.At("tuning").Each([](const JsonField& f) { return f.Text(); });
  variant.seen_cases = ParseSeenCases(root);
  variant.weights_sha256 = root.At("weights_sha256").Text();
  variant.levels.push_back(ParseLargest(root, model));
  const JsonField elastic = root.At("elastic");
  std::set<std::string> names{variant.levels.front().name};
  if (elastic.Size() > kMostSmallerLevels) elastic.Refuse("must be at most " + std::to_string(kMostSmallerLevels) + " levels");
  for (size_t i = 0; i < elastic.Size(); ++i) {
    variant.levels.push_back(ParseSmaller(elastic.At(i), variant.levels.front(), model));
    if (!names.insert(variant.levels.back().name).second) elastic.At(i).At("name").Refuse("must be unique");
  }
  return variant;
}

}  // namespace tuckerseg
