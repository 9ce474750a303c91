#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "engine/model/json_text.h"
#include "tests/engine/model/variant_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

Json ElasticJson() { return Json::parse(EncodeVariant(ElasticVariant(), TwoPartModel())); }

/// Refused with the message once `change` was made to variant.json.
void ExpectRefused(const std::function<void(Json&)>& change, const std::string& message, ErrorCode code = ErrorCode::kInvalidArgument) {
  SCOPED_TRACE(message);
  Json json = ElasticJson();
  change(json);
  ExpectError(code, message, [&] { ParseVariant(json.dump(), TwoPartModel()); });
}

TEST(VariantJson, GivesAVariantOfSeveralPartsAndLevelsBack) {
  EXPECT_EQ(ParseVariant(EncodeVariant(ElasticVariant(), TwoPartModel()), TwoPartModel()), ElasticVariant());
}

TEST(VariantJson, GivesAVariantOfOneLevelBack) {
  Variant variant = ElasticVariant();
  variant.levels.resize(1);
  variant.levels.front().level = 1.0 / 3;
  variant.calibration = "";
  variant.tuning = {};
  variant.seen_cases = {};
  EXPECT_EQ(ParseVariant(EncodeVariant(variant, TwoPartModel()), TwoPartModel()), variant);
}

TEST(VariantJson, GivesAVariantWithoutTuckerLayersBack) {
  Variant variant = ElasticVariant();
  for (VariantLevel& level : variant.levels) level.graphs = {TinyUnet(2, 3), TinyUnet(4, 3)};  // pruned: fewer channels
  EXPECT_EQ(ParseVariant(EncodeVariant(variant, TwoPartModel()), TwoPartModel()), variant);
}

TEST(VariantJson, SaysRanksAloneOfTheSmallerLevels) {
  const Json json = ElasticJson();
  EXPECT_EQ(json["elastic"][0]["name"], "small");
  EXPECT_EQ(json["elastic"][0]["parts"][1], Json::parse(R"({"name": "ribs", "ranks": {"up": [5, 1], "decoder.0.conv": [5, 1]}})"));
  EXPECT_EQ(json["level"], 0.5);
  EXPECT_TRUE(json["elastic"][1]["level"].is_null());
}

TEST(VariantJson, NamesTheCasesThatItHasSeenOrIsSilent) {
  EXPECT_EQ(ElasticJson()["seen_cases"], Json::parse(R"(["00c0ffee", "9e02aa35"])"));
  Variant variant = ElasticVariant();
  variant.seen_cases = {};
  Json json = Json::parse(EncodeVariant(variant, TwoPartModel()));
  EXPECT_FALSE(json.contains("seen_cases")) << "none is known";
  EXPECT_EQ(ParseVariant(json.dump(), TwoPartModel()), variant);
  json["seen_cases"] = Json::array();
  EXPECT_EQ(ParseVariant(json.dump(), TwoPartModel()), variant);
}

TEST(VariantJson, RefusesSeenCasesThatAreNoneOrDoNotAscend) {
  const auto refuse = [](const Json& list, const std::string& message) {
    ExpectRefused([&](Json& j) { j["seen_cases"] = list; }, "variant.seen_cases" + message);
  };
  refuse("00c0ffee", " = \"00c0ffee\": must be a list");
  refuse(nullptr, " = null: must be a list");
  refuse(Json::array({7}), "[0] = 7: must be a string");
  for (const char* digest : {"", "00c0ffe", "00c0ffee0", "00C0FFEE", "00c0ffeg"}) {
    refuse(Json::array({digest}), "[0] = \"" + std::string(digest) + "\": must be 8 lower-case hexadecimal digits");
  }
  refuse(Json::array({"9e02aa35", "00c0ffee"}), "[1] = \"00c0ffee\": must be above the one before: they ascend, and none stands twice");
  refuse(Json::array({"00c0ffee", "00c0ffee"}), "[1] = \"00c0ffee\": must be above the one before");
}

TEST(VariantJson, NeedsEveryKey) {
  const Json json = ElasticJson();
  for (const auto& [key, value] : json.items()) {
    if (key == "seen_cases") continue;
    ExpectRefused([&key = key](Json& j) { j.erase(key); }, "variant." + key + ": missing");
  }
  for (const auto& [key, value] : json["elastic"][0].items()) {
    ExpectRefused([&key = key](Json& j) { j["elastic"][0].erase(key); }, "variant.elastic[0]." + key + ": missing");
  }
  ExpectRefused([](Json& j) { j["parts"][1].erase("layers"); }, "variant.parts[1].layers: missing");
  ExpectRefused([](Json& j) { j["elastic"][0]["parts"][1].erase("ranks"); }, "variant.elastic[0].parts[1].ranks: missing");
}

TEST(VariantJson, IsOfTheVersionThatThisProgramReads) {
  ExpectRefused([](Json& j) { j["format_version"] = 2; }, "variant.format_version = 2: must be 1");
  ExpectError(ErrorCode::kInvalidArgument, "variant: not JSON", [] { ParseVariant("{", TwoPartModel()); });
}

TEST(VariantJson, RefusesNamesThatHaveAMeaningOfTheirOwnOrLeadElsewhere) {
  for (const char* name : {"original", "auto"}) {
    ExpectRefused([&](Json& j) { j["name"] = name; }, "variant.name = \"" + std::string(name) + "\": must be another name");
    ExpectRefused([&](Json& j) { j["elastic"][1]["name"] = name; }, "variant.elastic[1].name = \"" + std::string(name) + "\": must be another name");
  }
  for (const char* name : {"", "..", "a/b", "a b"}) ExpectRefused([&](Json& j) { j["name"] = name; }, "variant.name = ");
}

TEST(VariantJson, RefusesTwoLevelsOfOneName) {
  ExpectRefused([](Json& j) { j["elastic"][1]["name"] = "large"; }, "variant.elastic[1].name = \"large\": must be unique");
  ExpectRefused([](Json& j) { j["elastic"][1]["name"] = "small"; }, "variant.elastic[1].name = \"small\": must be unique");
}

TEST(VariantJson, RefusesLevelsOutsideZeroToOneAndDefaultsWithoutALevel) {
  for (const double level : {0.0, -0.1, 1.5}) ExpectRefused([=](Json& j) { j["level"] = level; }, "must be in (0, 1], or null");
  ExpectRefused([](Json& j) { j["elastic"][0]["level"] = "0.3"; }, "variant.elastic[0].level = \"0.3\": must be a finite number");
  ExpectRefused([](Json& j) { j["level"] = nullptr; }, "variant.default = true: must be false without a level");
  ExpectRefused([](Json& j) { j["elastic"][1]["default"] = true; }, "variant.elastic[1].default = true: must be false without a level");
  ExpectRefused([](Json& j) { j["default"] = 1; }, "variant.default = 1: must be true or false");
}

TEST(VariantJson, IsOfThisModelAndItsWeights) {
  ExpectRefused([](Json& j) { j["model_weights_sha256"] = std::string(64, 'c'); }, "variant.model_weights_sha256: is of other weights than the bundle's", ErrorCode::kFailedPrecondition);
  ExpectRefused([](Json& j) { j["model"] = "another"; }, "variant.model = another: must be tiny, the bundle's model", ErrorCode::kFailedPrecondition);
}

TEST(VariantJson, RefusesBadFieldsOfTheVariant) {
  ExpectRefused([](Json& j) { j["grid"] = 0; }, "variant.grid = 0: must be a whole number in [1, ");
  ExpectRefused([](Json& j) { j["method"] = 3; }, "variant.method = 3: must be a string");
  ExpectRefused([](Json& j) { j["calibration"] = nullptr; }, "variant.calibration = null: must be a string");
  ExpectRefused([](Json& j) { j["tuning"] = "50 epochs"; }, "variant.tuning = \"50 epochs\": must be a list");
  ExpectRefused([](Json& j) { j["tuning"][1] = 2; }, "variant.tuning[1] = 2: must be a string");
  ExpectRefused([](Json& j) { j["elastic"] = Json::object(); }, "variant.elastic = {}: must be a list");
}

TEST(VariantJson, HasTheModelsPartsInTheirOrder) {
  ExpectRefused([](Json& j) { j["parts"].erase(1); }, "must have 2 parts, as the model has");
  ExpectRefused([](Json& j) { std::swap(j["parts"][0], j["parts"][1]); }, "variant.parts[0].name = \"ribs\": must be organs, as in the model");
  ExpectRefused([](Json& j) { j["elastic"][0]["parts"].push_back(j["elastic"][0]["parts"][0]); }, "must have 2 parts, as the model has");
  ExpectRefused([](Json& j) { j["elastic"][0]["parts"][1]["name"] = "organs"; }, "variant.elastic[0].parts[1].name = \"organs\": must be ribs");
}

TEST(VariantJson, HasTheModelsInputsOutputsAndAPatchThatItsStridesDivide) {
  const auto with_graph = [](const LayerGraph& graph) {
    Variant variant = ElasticVariant();
    variant.levels.resize(1);
    variant.levels.front().graphs[1] = graph;
    return EncodeVariant(variant, TwoPartModel());
  };
  ExpectError(ErrorCode::kInvalidArgument, "must have the model's 1 input and 3 output channels", [&] { ParseVariant(with_graph(TinyUnet(4, 2)), TwoPartModel()); });
  LayerGraph two_inputs = TinyUnet(4, 3);
  two_inputs.layers[0].in_channels = two_inputs.layers[0].out_channels = two_inputs.layers[1].in_channels = 2;
  ExpectError(ErrorCode::kInvalidArgument, "must have the model's 1 input and 3 output channels", [&] { ParseVariant(with_graph(two_inputs), TwoPartModel()); });
  LayerGraph coarse = TinyUnet(4, 3);
  for (Layer& layer : coarse.layers) {
    if (layer.stride == Size3{2, 2, 1}) layer.stride[0] = 16;
    if (layer.stride[0] == 16 && layer.kernel[0] == 2) layer.kernel[0] = 16;
  }
  ExpectError(ErrorCode::kInvalidArgument, "must have strides that divide the model's patch", [&] { ParseVariant(with_graph(coarse), TwoPartModel()); });
}

TEST(VariantJson, RefusesRanksOfASmallerLevelThatTheLargestCannotGive) {
  const auto ranks = [](const Json& value, const std::string& message) {
    ExpectRefused([&](Json& j) { j["elastic"][0]["parts"][0]["ranks"]["up"] = value; }, "variant.elastic[0].parts[0].ranks.up" + message);
  };
  ranks({7, 4}, "[0] = 7: must be a whole number in [1, 6]");
  ranks({6, 5}, "[1] = 5: must be a whole number in [1, 4]");
  ranks({0, 4}, "[0] = 0");
  ranks({2, 1.5}, "[1] = 1.5");
  ranks({2}, " = [2]: must be rank_in and rank_out");
  ranks({2, 2, 2}, " = [2,2,2]: must be rank_in and rank_out");
  ranks(2, " = 2: must be a list");
}

TEST(VariantJson, RefusesRanksOfLayersThatHaveNoneAndWantsThemOfAllThatHave) {
  ExpectRefused([](Json& j) { j["elastic"][0]["parts"][0]["ranks"]["head"] = {1, 1}; }, "must name the Tucker layers and no other");
  ExpectRefused([](Json& j) { j["elastic"][0]["parts"][0]["ranks"]["absent"] = {1, 1}; }, "must name the Tucker layers and no other");
  ExpectRefused([](Json& j) { j["elastic"][0]["parts"][0]["ranks"].erase("up"); }, "variant.elastic[0].parts[0].ranks.up: missing");
}

TEST(VariantJson, RefusesRanksThatAreNoObjectWhereThereAreNone) {
  Variant variant = ElasticVariant();
  for (VariantLevel& level : variant.levels) level.graphs = {TinyUnet(4, 3), TinyUnet(4, 3)};
  Json json = Json::parse(EncodeVariant(variant, TwoPartModel()));
  json["elastic"][0]["parts"][0]["ranks"] = Json::array();
  ExpectError(ErrorCode::kInvalidArgument, "variant.elastic[0].parts[0].ranks = []: must be an object", [&] { ParseVariant(json.dump(), TwoPartModel()); });
}

TEST(VariantJson, RefusesBadLayers) {
  ExpectRefused([](Json& j) { j["parts"][1]["layers"][10]["rank_in"] = 9; }, "layer up: rank_in = 9: must be in [1, 8]");
  ExpectRefused([](Json& j) { j["parts"][1]["layers"][10]["kind"] = "dense"; }, "variant.parts[1].layers[10].kind = \"dense\"");
}

TEST(EncodeVariant, RefusesAVariantThatIsNone) {
  Variant variant = ElasticVariant();
  variant.levels.clear();
  ExpectError(ErrorCode::kInvalidArgument, "variant: has no level: must have one at least", [&] { EncodeVariant(variant, TwoPartModel()); });
  variant = ElasticVariant();
  variant.levels[1].graphs.pop_back();
  ExpectError(ErrorCode::kInvalidArgument, "variant: level small: has graphs of 1 parts: must be 2", [&] { EncodeVariant(variant, TwoPartModel()); });
}

}  // namespace
}  // namespace tuckerseg
