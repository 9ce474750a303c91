/// docs/*.schema.json and what the program writes and reads.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "engine/error.h"
#include "tests/engine/model/card_samples.h"
#include "tests/engine/model/json_schema.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/model/variant_samples.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Json Document(const std::string& name) { return Json::parse(FileText(fs::path(TUCKERSEG_SOURCE_DIR) / "docs" / name)); }

JsonSchema Schema(const std::string& main) {
  return JsonSchema({{"model.schema.json", Document("model.schema.json")},
                     {"variant.schema.json", Document("variant.schema.json")},
                     {"card.schema.json", Document("card.schema.json")}},
                    main);
}

/// Every kind of layer but the Tucker convolution, and the transposed one of them; every optional field.
Json ModelJson() {
  Model model = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1).model;
  model.parts[0].graph = Decomposed(TinyUnet(4, 3), "up", 3, 2);
  model.parts[0].normalization = {{.scheme = NormalizationScheme::kZScore, .use_mask = true}};
  model.pipeline = {.totalsegmentator = true, .spacing_mm = Spacing3d{1.5, 1.5, 3}, .resampling_order = 3, .tile_step = 0.8};
  model.pipeline.crop = CropRule{"total_fastest", "total_fast", {"liver"}, 10};
  model.pipeline.cleaning = {{CleaningKind::kKeepLargest, 1, 0}, {CleaningKind::kDropSmall, 2, 50000}, {CleaningKind::kOrderVertebrae, 0, 0}};
  model.pipeline.keep_near = NearRule{{"heart"}, 10};
  model.pipeline.refine = RefineRule{"vertebrae_body", "vertebrae_body", 2};
  model.pipeline.statistics_at_model_spacing = true;
  model.labels[0].rgb = {{0, 128, 255}};
  model.labels[0].snomed_code = "10200004";
  model.labels[0].snomed_meaning = "Liver";
  model.provenance.non_commercial = true;
  return Json::parse(EncodeModel(model));
}

Json VariantJson() { return Json::parse(EncodeVariant(ElasticVariant(), TwoPartModel())); }

/// Valid, but not without any of its keys nor with another.
void ExpectExactKeys(const JsonSchema& schema, const Json& document, const Json::json_pointer& place, const std::vector<std::string>& optional = {}) {
  SCOPED_TRACE(place.to_string());
  ASSERT_THAT(schema.Errors(document), IsEmpty());
  const Json object = document.at(place);
  for (const auto& [key, value] : object.items()) {
    Json without = document;
    without.at(place).erase(key);
    const bool may_go = std::find(optional.begin(), optional.end(), key) != optional.end();
    EXPECT_EQ(schema.Errors(without).empty(), may_go) << key;
  }
  Json with = document;
  with.at(place)["misspelled"] = 1;
  EXPECT_THAT(schema.Errors(with), ::testing::Not(IsEmpty()));
}

TEST(ModelSchema, HasExactlyTheKeysThatAreWritten) {
  const JsonSchema schema = Schema("model.schema.json");
  ExpectExactKeys(schema, ModelJson(), Json::json_pointer(""));
  ExpectExactKeys(schema, ModelJson(), Json::json_pointer("/pipeline"), {"crop", "cleaning", "keep_near", "refine", "statistics_at_model_spacing"});
  ExpectExactKeys(schema, ModelJson(), Json::json_pointer("/provenance"), {"non_commercial"});
  ExpectExactKeys(schema, ModelJson(), Json::json_pointer("/parts/0"));
  ExpectExactKeys(schema, ModelJson(), Json::json_pointer("/parts/0/normalization/0"));
  const Json layers = ModelJson()["parts"][0]["layers"];
  for (size_t i = 0; i < layers.size(); ++i) ExpectExactKeys(schema, ModelJson(), Json::json_pointer("/parts/0/layers/" + std::to_string(i)));
}

TEST(ModelSchema, KnowsBothTuckerKindsAndTheirRanks) {
  const JsonSchema schema = Schema("model.schema.json");
  Json json = ModelJson();
  json["parts"][0]["layers"] = VariantJson()["parts"][0]["layers"];
  EXPECT_THAT(schema.Errors(json), IsEmpty());
  for (const size_t place : {10U, 12U}) {
    ASSERT_THAT(json["parts"][0]["layers"][place]["kind"].get<std::string>(), HasSubstr("tucker_"));
    Json wrong = json;
    wrong["parts"][0]["layers"][place]["rank_in"] = 0;
    EXPECT_THAT(schema.Errors(wrong), ::testing::Not(IsEmpty()));
    wrong = json;
    wrong["parts"][0]["layers"][place]["kind"] = "convolution";
    EXPECT_THAT(schema.Errors(wrong), ::testing::Not(IsEmpty())) << "with ranks";
  }
}

TEST(VariantSchema, HasExactlyTheKeysThatAreWritten) {
  const JsonSchema schema = Schema("variant.schema.json");
  for (const char* place : {"", "/parts/1", "/elastic/0", "/elastic/0/parts/1", "/parts/0/layers/10"}) {
    ExpectExactKeys(schema, VariantJson(), Json::json_pointer(place), {"seen_cases"});
  }
}

TEST(VariantSchema, RefusesWhatTheProgramRefusesOfSingleFields) {
  const JsonSchema schema = Schema("variant.schema.json");
  const auto refused = [&](const std::function<void(Json&)>& change) {
    Json json = VariantJson();
    change(json);
    EXPECT_THAT(schema.Errors(json), ::testing::Not(IsEmpty())) << json.dump().substr(0, 200);
    EXPECT_ANY_THROW(ParseVariant(json.dump(), TwoPartModel()));
  };
  refused([](Json& j) { j["format_version"] = 2; });
  refused([](Json& j) { j["name"] = "original"; });
  refused([](Json& j) { j["elastic"][0]["name"] = "auto"; });
  refused([](Json& j) { j["name"] = "a/b"; });
  refused([](Json& j) { j["level"] = 0; });
  refused([](Json& j) { j["level"] = 1.5; });
  refused([](Json& j) { j["level"] = nullptr; });
  refused([](Json& j) { j["elastic"][1]["default"] = true; });
  refused([](Json& j) { j["grid"] = 0; });
  refused([](Json& j) { j["tuning"] = "words"; });
  refused([](Json& j) { j["seen_cases"] = Json::array({"00C0FFEE"}); });
  refused([](Json& j) { j["seen_cases"] = Json::array({"00c0ffee", "00c0ffee"}); });
  refused([](Json& j) { j["parts"] = Json::array(); });
  refused([](Json& j) { j["elastic"][0]["parts"][0]["ranks"]["up"] = {1}; });
  refused([](Json& j) { j["elastic"][0]["parts"][0]["ranks"]["up"] = {0, 1}; });
  refused([](Json& j) { j["parts"][0]["layers"][10]["kind"] = "dense"; });
}

/// What the program understands of the fuzz targets' seeds, written again.
template <typename Encode>
void ExpectSeedsValid(const std::string& corpus, const JsonSchema& schema, const Encode& encode) {
  size_t understood = 0;
  for (const auto& seed : fs::directory_iterator(fs::path(TUCKERSEG_SOURCE_DIR) / "tests" / "fuzz" / "corpus" / corpus)) {
    std::string text;
    try {
      text = encode(FileText(seed.path()));
    } catch (const Error&) {
      continue;
    }
    EXPECT_THAT(schema.Errors(Json::parse(text)), IsEmpty()) << seed.path().filename();
    ++understood;
  }
  EXPECT_GT(understood, 3U);
}

TEST(ModelSchema, HoldsForAllThatIsWritten) {
  ExpectSeedsValid("model_json", Schema("model.schema.json"), [](const std::string& text) {
    Model model = ParseModel(text);
    model.provenance.weights_sha256 = "";  // the seeds' is too short for one
    return EncodeModel(model);
  });
}

TEST(CardSchema, HasExactlyTheKeysThatAreWritten) {
  const JsonSchema schema = Schema("card.schema.json");
  Card card = FullCard();
  card.dice_to_reference->n_too_small = card.dice_to_original->n_too_small = true;
  card.data.seen_cases = 3;
  const Json json = Json::parse(EncodeCard(card));
  ExpectExactKeys(schema, json, Json::json_pointer(""),
                  {"method", "level", "parameters", "multiply_adds_per_patch", "weight_bytes", "surface_tolerance_mm", "dice_to_reference", "dice_to_original", "latency",
                   "volume_latency"});
  ExpectExactKeys(schema, json, Json::json_pointer("/data"), {"seen_cases"});
  ExpectExactKeys(schema, json, Json::json_pointer("/dice_to_reference"), {"cases", "ci95", "n_too_small"});
  ExpectExactKeys(schema, json, Json::json_pointer("/dice_to_original"), {"n_too_small", "equal_share"});
  for (const char* dice : {"/dice_to_reference", "/dice_to_original"}) {
    ExpectExactKeys(schema, json, Json::json_pointer(dice + std::string("/structures/0")), {"ci95", "surface_dice", "hd95_mm", "volume_error", "missed"});
  }
  ExpectExactKeys(schema, json, Json::json_pointer("/latency/0"), {"peak_bytes"});
  ExpectExactKeys(schema, json, Json::json_pointer("/volume_latency/0"), {"patches", "peak_bytes"});
  ExpectExactKeys(schema, Json::parse(EncodeCards(std::vector{card, card})), Json::json_pointer(""));
}

TEST(CardSchema, RefusesWhatTheProgramRefusesOfAVolumesTime) {
  const JsonSchema schema = Schema("card.schema.json");
  const auto refused = [&](const std::string& key, const Json& value) {
    Json json = Json::parse(EncodeCard(FullCard()));
    json["volume_latency"][0][key] = value;
    EXPECT_THAT(schema.Errors(json), ::testing::Not(IsEmpty())) << key << " = " << value;
    EXPECT_ANY_THROW(ParseCard(json.dump())) << key << " = " << value;
  };
  refused("device", 3);
  refused("threads", 0);
  refused("shape", Json{512, 512});
  refused("shape", Json{512, 512, 0});
  refused("shape", Json{512, 512, 5000});
  refused("spacing_mm", Json{0.78, 0.78});
  refused("spacing_mm", Json{0.78, 0.78, 0});
  refused("patches", nullptr);
  refused("patches", 0.5);
  refused("seconds", -1);
  refused("peak_bytes", -1);
}

TEST(CardSchema, HoldsForACardWithNothingMeasuredAndForOneOfBeforeVariants) {
  const JsonSchema schema = Schema("card.schema.json");
  EXPECT_THAT(schema.Errors(Json::parse(EncodeCard(Card{}))), IsEmpty());
  EXPECT_THAT(schema.Errors(Json::parse(FileText(fs::path(TUCKERSEG_SOURCE_DIR) / "models" / "demo" / "card.json"))), IsEmpty());
}

TEST(CardSchema, HoldsForAllThatIsWritten) {
  ExpectSeedsValid("card", Schema("card.schema.json"), [](const std::string& text) { return EncodeCards(ParseCards(text)); });
}

TEST(JsonSchema, RefusesKeywordsThatItDoesNotKnow) {
  const JsonSchema schema({{"a", Json{{"contains", 1}}}}, "a");
  EXPECT_THROW(schema.Errors(Json(1)), std::logic_error);
}

}  // namespace
}  // namespace tuckerseg
