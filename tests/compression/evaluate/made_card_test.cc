#include "compression/evaluate/made_card.h"

#include <gtest/gtest.h>

#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

Card CardOf(const VariantScores& scores) {
  const std::vector<std::string> names{"liver", "heart"};
  const CaseResamples resamples(scores.cases.size());
  const VariantSummary summary{.to_reference = Summarize(scores, names, ComparedTo::kReference, resamples),
                               .to_original = Summarize(scores, names, ComparedTo::kOriginal, resamples),
                               .differences = {}};
  return MakeCard({"tiny", "total", "abc"}, Phantoms(), scores, summary);
}

Card MadeCard(const CaseValues& liver) { return CardOf(MadeScores({{"liver", liver}})); }

TEST(MakeCard, SaysWhatTheVariantCostsAndHowWellItDraws) {
  VariantScores scores = MadeScores({{"liver", {0.9, 0.91, 0.92, 0.93, 0.94, 0.95}}});
  scores.surface_tolerance_mm = 2;
  const Card card = CardOf(scores);
  EXPECT_EQ(card.model, "tiny");
  EXPECT_EQ(card.task, "total");
  EXPECT_EQ(card.weights_sha256, "abc");
  EXPECT_EQ(card.variant, "tucker-0.3");
  EXPECT_EQ(card.method, "hosvd");
  EXPECT_EQ(card.level, 0.3);
  EXPECT_EQ(card.parameters, 6);
  EXPECT_EQ(card.multiply_adds_per_patch, 600);
  EXPECT_EQ(card.weight_bytes, 24);
  EXPECT_EQ(card.surface_tolerance_mm, 2);
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

TEST(MakeCard, PromisesNothingOfCasesThatTheVariantHasSeen) {
  VariantScores scores = MadeScores({{"liver", {0.9, 0.91, 0.92, 0.93, 0.94, 0.95}}});
  scores.seen_cases = 1;
  const Card card = CardOf(scores);
  EXPECT_EQ(card.data.seen_cases, 1);
  EXPECT_FALSE(card.Quality());
  EXPECT_TRUE(card.dice_to_original.value().ci95.has_value()) << "what was measured is still said";
  EXPECT_FALSE(card.dice_to_original.value().n_too_small);
}

TEST(MakeCard, LeavesOutWhatNoCaseCanBeComparedTo) {
  VariantScores unlabelled = MadeScores({{"liver", CaseValues(6, 0.9)}});
  for (ScoredCase& one : unlabelled.cases) {
    one.labelled = false;
    one.structures[0].to_reference.reset();
  }
  EXPECT_FALSE(CardOf(unlabelled).dice_to_reference);
  EXPECT_TRUE(CardOf(unlabelled).dice_to_original);
}

TEST(KeepLatency, TakesOverWhatWasMeasuredOfTheSameLayers) {
  Card former = MadeCard(CaseValues(6, 0.9));
  former.latency.push_back({.device = "cpu", .executor = "torch", .precision = "fp32", .threads = 2, .patch = {8, 8, 8}, .min_s = 1, .median_s = 2, .peak_bytes = {}});
  former.volume_latency.push_back({.device = "cpu", .executor = "torch", .precision = "fp32", .threads = 2, .shape = {9, 8, 7}, .spacing_mm = {1, 1, 2}, .seconds = 3});
  Card card = MadeCard(CaseValues(6, 0.8));
  KeepLatency(former, card);
  EXPECT_EQ(card.latency, former.latency);
  EXPECT_EQ(card.volume_latency, former.volume_latency);
  Card other = MadeCard(CaseValues(6, 0.8));
  other.multiply_adds_per_patch = 601;
  KeepLatency(former, other);
  EXPECT_TRUE(other.latency.empty()) << "another network takes another time";
  EXPECT_TRUE(other.volume_latency.empty());
  Card of_another = MadeCard(CaseValues(6, 0.8));
  of_another.variant = "another";
  KeepLatency(former, of_another);
  EXPECT_TRUE(of_another.volume_latency.empty());
}

}  // namespace
}  // namespace tuckerseg
