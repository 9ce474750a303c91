/// What `tuckerseg levels` shows, word for word.
#include "client/cli/levels_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace tuckerseg {
namespace {

v1::Variant& Add(v1::ListVariantsResponse& response, const std::string& name, uint64_t parameters, uint64_t multiply_adds) {
  v1::Variant& variant = *response.add_variants();
  variant.set_task("total");
  variant.set_name(name);
  variant.set_state(v1::VARIANT_STATE_LOADED);
  variant.set_parameters(parameters);
  variant.set_weight_bytes(4 * parameters);
  variant.set_multiply_adds_per_patch(multiply_adds);
  variant.set_device("cpu");
  v1::VariantOnDevice& place = *variant.add_devices();
  place.set_device("cpu");
  place.set_state(v1::VARIANT_STATE_LOADED);
  return variant;
}

v1::ListVariantsResponse Levels() {
  v1::ListVariantsResponse response;
  v1::Variant& original = Add(response, "original", 2'930'000, 123'000'000'000);
  original.set_dice_to_original(1);
  original.set_quality(1);
  original.set_phantoms(true);
  v1::Variant& measured = Add(response, "hosvd-0.3", 350'000, 9'400'000'000);
  measured.set_level(0.3);
  measured.set_default_(true);
  measured.set_method("hosvd");
  measured.set_dice_to_original(0.9312);
  measured.set_quality(0.9129);
  measured.set_phantoms(true);
  measured.set_weights_sha256("1234");
  v1::Variant& other = Add(response, "hooi-0.3", 350'000, 9'400'000'000);
  other.set_level(0.3);
  other.set_method("hooi");
  v1::Variant& failed = *response.add_variants();
  failed.set_task("total");
  failed.set_name("broken");
  failed.set_state(v1::VARIANT_STATE_FAILED);
  failed.set_error("variant.json: missing");
  return response;
}

TEST(PrintLevels, ShowsQualityAndCostBesideTheOriginals) {
  std::ostringstream out;
  PrintLevels(Levels(), out);
  EXPECT_EQ(out.str(),
            "TASK   LEVEL      NUMBER  METHOD  STATE   DICE TO ORIGINAL         PARAMETERS    MULTIPLY-ADDS      SIZE  DEVICE\n"
            "total  original        -  -       loaded  1.000                        2.93 M            123 G  11.2 MiB  cpu\n"
            "total  hosvd-0.3     0.3  hosvd   loaded  0.931 (>= 0.912) *  0.35 M (11.9 %)  9.40 G (7.64 %)  1.34 MiB  cpu\n"
            "total  hooi-0.3    (0.3)  hooi    loaded  -                   0.35 M (11.9 %)  9.40 G (7.64 %)  1.34 MiB  cpu\n"
            "total  broken          -  -       failed  -                                 -                -         -  -\n"
            "* measured on phantoms alone: no patient was among them\n"
            "(number) is that of another level too, and does not run this one: ask for it by name\n"
            "total broken could not be loaded: variant.json: missing\n");
}

TEST(PrintLevels, SaysOnWhichDeviceThereWasNoRoom) {
  v1::ListVariantsResponse response;
  v1::Variant& variant = Add(response, "third", 1, 1);
  v1::VariantOnDevice& other = *variant.add_devices();
  other.set_device("cuda:0");
  other.set_state(v1::VARIANT_STATE_AVAILABLE);
  other.set_error("memory: no room");
  std::ostringstream out;
  PrintLevels(response, out);
  EXPECT_THAT(out.str(), testing::HasSubstr("\ntotal third is not loaded on cuda:0: memory: no room\n"));
  std::ostringstream places;
  PrintPlaces(variant, places);
  EXPECT_EQ(places.str(), "total third on cpu: loaded\ntotal third on cuda:0: available (memory: no room)\n");
  variant.mutable_devices(0)->set_pinned(true);
  std::ostringstream pinned;
  PrintPlaces(variant, pinned);
  EXPECT_THAT(pinned.str(), testing::StartsWith("total third on cpu: loaded, until it is unloaded by name\n"));
}

TEST(PrintLevels, MarksWhatWasMeasuredOnCasesThatTheLevelWasMadeWith) {
  v1::ListVariantsResponse response;
  v1::Variant& level = Add(response, "tuned", 1, 1);
  level.set_dice_to_original(0.99);
  level.set_seen_cases(3);
  std::ostringstream out;
  PrintLevels(response, out);
  EXPECT_THAT(out.str(), testing::HasSubstr("0.990 !"));
  EXPECT_THAT(out.str(), testing::HasSubstr("\n! measured in part on CTs that the level was made with: promises nothing of others\n"));
  PrintLevelsAsJson(response, out);
  EXPECT_THAT(out.str(), testing::HasSubstr("\"seen_cases\": 3"));
}

TEST(PrintLevels, ExplainsOnlyTheMarksThatItShows) {
  v1::ListVariantsResponse response;
  Add(response, "original", 2'930'000, 123'000'000'000).set_dice_to_original(1);
  std::ostringstream out;
  PrintLevels(response, out);
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(PrintLevels, PutsNoBracketsAroundANumberThatOnlyOneLevelHas) {
  v1::ListVariantsResponse response;
  Add(response, "a", 1, 1).set_level(0.5);
  Add(response, "b", 1, 1).set_level(0.3);
  Add(response, "c", 1, 1).set_level(0.3);
  std::ostringstream out;
  PrintLevels(response, out);
  EXPECT_THAT(out.str(), testing::AllOf(testing::HasSubstr("a         0.5"), testing::HasSubstr("b       (0.3)"), testing::HasSubstr("c       (0.3)")));
}

TEST(PrintLevels, PutsBracketsAroundTheNumberOfALevelThatHasFailedAndOfOneBesideIt) {
  v1::ListVariantsResponse response;
  Add(response, "a", 1, 1).set_level(0.3);
  v1::Variant& failed = Add(response, "b", 1, 1);
  failed.set_level(0.3);
  failed.set_state(v1::VARIANT_STATE_FAILED);
  std::ostringstream out;
  PrintLevels(response, out);
  EXPECT_THAT(out.str(), testing::HasSubstr("a       (0.3)")) << "the server refuses the number, whichever of them could be loaded";
}

TEST(PrintLevelsAsJson, HoldsEveryFieldAndNullWhereNothingIsKnown) {
  std::ostringstream out;
  PrintLevelsAsJson(Levels(), out);
  const auto json = nlohmann::json::parse(out.str());
  ASSERT_EQ(json.size(), 4U);
  EXPECT_EQ(json[1].at("level"), "hosvd-0.3");
  EXPECT_EQ(json[1].at("number"), 0.3);
  EXPECT_EQ(json[1].at("default"), true);
  EXPECT_EQ(json[1].at("method"), "hosvd");
  EXPECT_EQ(json[1].at("state"), "loaded");
  EXPECT_EQ(json[1].at("quality"), 0.9129);
  EXPECT_EQ(json[1].at("dice_to_original"), 0.9312);
  EXPECT_EQ(json[1].at("dice_to_reference"), nullptr);
  EXPECT_EQ(json[1].at("phantoms"), true);
  EXPECT_EQ(json[1].at("parameters"), 350'000);
  EXPECT_EQ(json[1].at("multiply_adds_per_patch"), 9'400'000'000);
  EXPECT_EQ(json[1].at("weight_bytes"), 1'400'000);
  EXPECT_EQ(json[1].at("weights_sha256"), "1234");
  EXPECT_EQ(json[0].at("number"), nullptr);
  EXPECT_EQ(json[2].at("quality"), nullptr);
  EXPECT_EQ(json[3].at("error"), "variant.json: missing");
  EXPECT_EQ(json[0].at("devices"), nlohmann::json::parse(R"([{"device": "cpu", "state": "loaded", "pinned": false, "error": ""}])"));
  EXPECT_EQ(json[3].at("devices"), nlohmann::json::array());
  EXPECT_EQ(json[3].at("measured_patches"), nlohmann::json::array());
  EXPECT_EQ(json[3].at("measured_volumes"), nlohmann::json::array());
}

TEST(PrintLevelsAsJson, HasWhatWasMeasuredOnOtherMachines) {
  v1::ListVariantsResponse response = Levels();
  v1::MeasuredPatch& patch = *response.mutable_variants(1)->add_measured_patches();
  patch.set_device("A Processor");
  patch.set_executor("LibTorch 2.15.0");
  patch.set_precision("fp32");
  patch.set_threads(2);
  for (const uint64_t voxels : {96, 112, 128}) patch.add_shape(voxels);
  patch.set_min_seconds(0.25);
  patch.set_median_seconds(0.5);
  v1::MeasuredVolume& volume = *response.mutable_variants(1)->add_measured_volumes();
  volume.set_seconds(4.5);
  volume.set_patches(8);
  volume.set_peak_bytes(1000);
  for (const double spacing : {1.5, 1.25, 3.0}) volume.add_spacing_mm(spacing);
  std::ostringstream out;
  PrintLevelsAsJson(response, out);
  const auto json = nlohmann::json::parse(out.str());
  EXPECT_EQ(json[1].at("measured_patches"), nlohmann::json::parse(R"([{"device": "A Processor", "executor": "LibTorch 2.15.0", "precision": "fp32", "threads": 2, "shape": [96, 112, 128],
                                                                       "min_seconds": 0.25, "median_seconds": 0.5, "peak_bytes": null}])"));
  EXPECT_EQ(json[1].at("measured_volumes"), nlohmann::json::parse(R"([{"device": "", "executor": "", "precision": "", "threads": 0, "shape": [], "spacing_mm": [1.5, 1.25, 3.0],
                                                                       "patches": 8, "seconds": 4.5, "peak_bytes": 1000}])"));
}

}  // namespace
}  // namespace tuckerseg
