#include "compression/evaluate/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/compression/evaluate/density_model.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

Evaluation TwoCases() {
  Evaluation evaluation;
  evaluation.cases = {{.name = "case_0", .voxel_mm3 = 27, .overlaps = {{"liver", {.both = 2, .predicted = 3, .reference = 3}}}},
                      {.name = "case_1", .voxel_mm3 = 8, .overlaps = {{"liver", {.both = 0, .predicted = 1, .reference = 0}}}}};
  evaluation.structures = ScoreStructures({"spleen", "liver"}, evaluation.cases);
  evaluation.mean_dice = 2.0 / 3;
  return evaluation;
}

TEST(EncodeCard, SaysWhatWasMeasuredOfWhatOnWhichData) {
  Model model = DensityBundle().model;
  model.provenance.weights_sha256 = "abc";
  CaseFolder folder;
  folder.description = "2 phantoms, seeds 1 to 2";
  folder.phantoms = true;
  const auto card = nlohmann::json::parse(EncodeCard(model, 6, folder, TwoCases()));
  EXPECT_EQ(card.at("format_version"), 1);
  EXPECT_EQ(card.at("model"), "tiny");
  EXPECT_EQ(card.at("variant"), "original");
  EXPECT_EQ(card.at("weights_sha256"), "abc");
  EXPECT_EQ(card.at("parameters"), 6);
  EXPECT_EQ(card.at("data").at("description"), "2 phantoms, seeds 1 to 2");
  EXPECT_EQ(card.at("data").at("phantoms"), true);
  EXPECT_EQ(card.at("data").at("cases"), 2);
  const auto& dice = card.at("dice_to_reference");
  EXPECT_EQ(dice.at("mean"), 0.6667);
  EXPECT_EQ(dice.at("structures").at(0).at("name"), "spleen");
  EXPECT_TRUE(dice.at("structures").at(0).at("dice").is_null()) << "it occurs in no case";
  EXPECT_EQ(dice.at("structures").at(1).at("dice"), 0.6667);
  EXPECT_EQ(dice.at("structures").at(1).at("found_absent"), 1);
}

TEST(EncodeMetrics, HasALineForEachCaseAndStructure) {
  EXPECT_EQ(EncodeMetrics(TwoCases()),
            "variant,case,structure,dice,predicted_mm3,reference_mm3\n"
            "original,case_0,liver,0.666667,81.0,81.0\n"
            "original,case_1,liver,,8.0,0.0\n");
}

TEST(EncodeMetrics, QuotesNamesThatWouldBreakALine) {
  Evaluation evaluation;
  evaluation.cases = {{.name = "a,\"b\"", .voxel_mm3 = 1, .overlaps = {{"liver", {.both = 1, .predicted = 1, .reference = 1}}}}};
  EXPECT_THAT(EncodeMetrics(evaluation), HasSubstr("\noriginal,\"a,\"\"b\"\"\",liver,1.000000,"));
}

TEST(ParameterCount, CountsOneFoldOfEachPart) {
  Bundle bundle = DensityBundle();
  bundle.weights.front().Add("fold_1.head.bias", TensorType::kFloat32, {3}, std::vector<std::byte>(12));
  EXPECT_EQ(ParameterCount(bundle), 6);
}

}  // namespace
}  // namespace tuckerseg
