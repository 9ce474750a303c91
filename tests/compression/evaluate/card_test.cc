#include "compression/evaluate/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/compression/evaluate/density_model.h"
#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

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

TEST(ParameterCount, CountsOneFoldOfEachPart) {
  Bundle bundle = DensityBundle();
  bundle.weights.front().Add("fold_1.head.bias", TensorType::kFloat32, {3}, std::vector<std::byte>(12));
  EXPECT_EQ(ParameterCount(bundle), 6);
}

CaseFolder Phantoms() {
  CaseFolder folder;
  folder.description = "6 phantoms";
  folder.phantoms = true;
  return folder;
}

Card MadeCard(const CaseValues& liver) {
  return MakeCard({"tiny", "total", "abc"}, Phantoms(), MadeScores({{"liver", liver}}), {"liver", "heart"}, CaseResamples(liver.size()));
}

TEST(MakeCard, SaysWhatTheVariantCostsAndHowWellItDraws) {
  const Card card = MadeCard({0.9, 0.91, 0.92, 0.93, 0.94, 0.95});
  EXPECT_EQ(card.model, "tiny");
  EXPECT_EQ(card.task, "total");
  EXPECT_EQ(card.weights_sha256, "abc");
  EXPECT_EQ(card.variant, "tucker-0.3");
  EXPECT_EQ(card.method, "hosvd");
  EXPECT_EQ(card.level, 0.3);
  EXPECT_EQ(card.parameters, 6);
  EXPECT_EQ(card.multiply_adds_per_patch, 600);
  EXPECT_EQ(card.weight_bytes, 24);
  EXPECT_EQ(card.data, (CardData{"6 phantoms", true, 6}));
  const CardDice& reference = card.dice_to_reference.value();
  EXPECT_EQ(reference.mean, 0.925);
  EXPECT_FALSE(reference.quality) << "quality is against the original";
  EXPECT_EQ(reference.structures[0].cases, 6);
  EXPECT_EQ(reference.structures[0].hd95_mm, 3.0);
  EXPECT_FALSE(reference.structures[1].dice) << "no case holds a heart";
  EXPECT_EQ(card.dice_to_original.value().equal_share, 0.75);
}

TEST(MakeCard, TakesTheLowEndOfTheIntervalForQuality) {
  const Card card = MadeCard({0.9, 0.91, 0.92, 0.93, 0.94, 0.95});
  const Interval exact = CaseResamples(6).MeanInterval({0.9, 0.91, 0.92, 0.93, 0.94, 0.95}).value();
  EXPECT_EQ(card.Quality(), card.dice_to_original.value().ci95.value()[0]);
  EXPECT_LE(card.Quality().value(), exact.low) << "rounded down: it promises";
  EXPECT_GT(card.Quality().value(), exact.low - 1e-4);
  EXPECT_GE(card.dice_to_original.value().ci95.value()[1], exact.high);
  EXPECT_FALSE(card.dice_to_original.value().n_too_small);
}

TEST(MakeCard, PromisesNothingOfFewerThanSixCases) {
  const Card card = MadeCard({0.9, 0.9, 0.9, 0.9, 0.9});
  EXPECT_FALSE(card.Quality());
  EXPECT_TRUE(card.dice_to_original.value().n_too_small);
  EXPECT_FALSE(card.dice_to_original.value().ci95);
  EXPECT_EQ(card.dice_to_original.value().mean, 0.9) << "what was measured is still said";
}

TEST(MakeCard, LeavesOutWhatNoCaseCanBeComparedTo) {
  VariantScores unlabelled = MadeScores({{"liver", CaseValues(6, 0.9)}});
  for (ScoredCase& one : unlabelled.cases) {
    one.labelled = false;
    one.structures[0].to_reference.reset();
  }
  EXPECT_FALSE(MakeCard({}, {}, unlabelled, {"liver"}, CaseResamples(6)).dice_to_reference);
}

TEST(KeepLatency, TakesOverWhatWasMeasuredOfTheSameLayers) {
  Card former = MadeCard(CaseValues(6, 0.9));
  former.latency.push_back({.device = "cpu", .executor = "torch", .precision = "fp32", .threads = 2, .patch = {8, 8, 8}, .min_s = 1, .median_s = 2, .peak_bytes = {}});
  Card card = MadeCard(CaseValues(6, 0.8));
  KeepLatency(former, card);
  EXPECT_EQ(card.latency, former.latency);
  Card other = MadeCard(CaseValues(6, 0.8));
  other.multiply_adds_per_patch = 601;
  KeepLatency(former, other);
  EXPECT_TRUE(other.latency.empty()) << "another network takes another time";
}

}  // namespace
}  // namespace tuckerseg
