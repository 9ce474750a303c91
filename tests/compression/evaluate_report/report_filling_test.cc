#include "compression/evaluate_report/report_filling.h"

#include <gtest/gtest.h>

#include "tests/compression/evaluate/density_model.h"
#include "tests/compression/evaluate/made_scores.h"

namespace tuckerseg {
namespace {

constexpr auto kMachine = "two cores";
// As a bench writes them into cards.
constexpr auto kCpu = "cpu Sample";
constexpr auto kCuda = "cuda Sample";

CardLatency Time(const std::string& device, int64_t threads, double median_s) {
  return {.device = device, .executor = "torch", .precision = "fp32", .threads = threads, .patch = {16, 16, 16}, .min_s = median_s / 2, .median_s = median_s, .peak_bytes = 1000};
}

/// An evaluation of the density model and one variant whose spleen is worse; the data name both structures.
struct Evaluated {
  explicit Evaluated(size_t cases, bool labelled = true) {
    VariantScores original = MadeScores({{"liver", CaseValues(cases, 0.9)}, {"spleen", CaseValues(cases, 0.8)}});
    original.name = original.method = "original";
    original.level.reset();
    for (ScoredCase& one : original.cases) {
      one.equal_to_original.reset();
      for (ScoredStructure& structure : one.structures) structure.to_original.reset();
    }
    scores = {original, MadeScores({{"liver", CaseValues(cases, 0.9)}, {"spleen", CaseValues(cases, 0.5)}})};
    folder.classes = {{"liver", 5}, {"spleen", 1}};
    folder.description = "spheres";
    folder.phantoms = true;
    if (!labelled) RemoveLabels();
    cards.resize(2);
  }
  void RemoveLabels() {
    folder.classes.clear();
    for (VariantScores& variant : scores)
      for (ScoredCase& one : variant.cases) {
        one.labelled = false;
        for (ScoredStructure& structure : one.structures) structure.to_reference.reset();
      }
  }
  Report Filled(const std::string& device = kCpu) const {
    return FillReport(model, folder, scores, SummarizeVariants(scores, model, folder), cards, {.date = "2026-01-31", .machine = kMachine, .device = device});
  }

  const Model model = DensityBundle().model;
  CaseFolder folder;
  std::vector<VariantScores> scores;
  std::vector<Card> cards;
};

TEST(FillReport, SaysWhatWasMeasuredOfWhat) {
  const Report report = Evaluated(6).Filled();
  EXPECT_EQ(report.title, "Compressed variants of tiny");
  EXPECT_EQ(report.machine, kMachine);
  EXPECT_EQ(report.data.description, "spheres");
  EXPECT_TRUE(report.data.phantoms);
  EXPECT_EQ(report.data.cases, 6);
  EXPECT_EQ(report.data.labelled_cases, 6);
  ASSERT_EQ(report.variants.size(), 2U);
  const ReportVariant& variant = report.variants[1];
  EXPECT_EQ(variant.name, "tucker-0.3");
  EXPECT_EQ(variant.level, 0.3);
  EXPECT_EQ(variant.parameters, 6);
  EXPECT_EQ(variant.multiply_adds, 600);
  EXPECT_EQ(variant.seconds_per_case, 1.5);
  EXPECT_DOUBLE_EQ(variant.dice_to_reference.value().mean, 0.7);
  EXPECT_DOUBLE_EQ(variant.dice_to_original.value().mean, 0.7);
  EXPECT_TRUE(variant.dice_to_original.value().interval.has_value());
  EXPECT_FALSE(report.variants[0].dice_to_original) << "the original is not compared with itself";
  EXPECT_DOUBLE_EQ(variant.surface_dice.value(), 0.7);
  EXPECT_EQ(variant.hd95_mm, 3.0);
}

TEST(FillReport, HasStructuresInTheModelsOrderWithTheirTests) {
  const ReportVariant variant = Evaluated(8).Filled().variants[1];
  ASSERT_EQ(variant.structures.size(), 2U);
  EXPECT_EQ(variant.structures[0].name, "spleen");
  EXPECT_EQ(variant.structures[0].cases_to_reference, 8);
  EXPECT_EQ(variant.structures[0].cases_to_original, 8);
  EXPECT_DOUBLE_EQ(variant.structures[0].dice_to_reference.value(), 0.5);
  EXPECT_EQ(variant.structures[0].volume_error, 0.0);
  ASSERT_EQ(variant.statistics.size(), 2U);
  EXPECT_NEAR(variant.statistics[0].difference.value(), -0.3, 1e-9);
  EXPECT_FALSE(variant.statistics[0].tests.value().no_evidence);
  EXPECT_TRUE(variant.statistics[1].tests.value().equivalent);
}

TEST(FillReport, HasNeitherIntervalNorTestsOfTooFewCases) {
  const ReportVariant variant = Evaluated(5).Filled().variants[1];
  EXPECT_FALSE(variant.dice_to_original.value().interval);
  EXPECT_FALSE(variant.statistics[0].tests);
}

TEST(FillReport, CountsTheCasesThatAVariantHasSeen) {
  Evaluated evaluated(6);
  evaluated.scores[1].seen_cases = 2;
  EXPECT_EQ(evaluated.Filled().variants[0].seen_cases, 0);
  EXPECT_EQ(evaluated.Filled().variants[1].seen_cases, 2);
}

TEST(FillReport, MeasuresAgainstTheOriginalWhereThereAreNoLabels) {
  const Report report = Evaluated(6, /*labelled=*/false).Filled();
  EXPECT_EQ(report.data.labelled_cases, 0);
  const ReportVariant& variant = report.variants[1];
  EXPECT_FALSE(variant.dice_to_reference);
  EXPECT_EQ(variant.structures[0].cases_to_reference, 0);
  EXPECT_EQ(variant.structures[0].cases_to_original, 6);
  EXPECT_FALSE(variant.structures[0].dice_to_reference);
  EXPECT_DOUBLE_EQ(variant.structures[0].surface_dice.value(), 0.5);
  EXPECT_TRUE(variant.statistics.empty());
  EXPECT_FALSE(report.variants[0].surface_dice) << "there is nothing to hold the original against";
}

TEST(FillReport, MixesNoDistancesToTheOriginalIntoThoseToTheReference) {
  Evaluated evaluated(6);
  evaluated.folder.classes.erase("spleen");
  const ReportVariant variant = evaluated.Filled().variants[1];
  EXPECT_FALSE(variant.structures[0].surface_dice) << "the data do not name the spleen";
  EXPECT_DOUBLE_EQ(variant.structures[0].dice_to_original.value(), 0.5);
  EXPECT_DOUBLE_EQ(variant.structures[1].surface_dice.value(), 0.9);
  EXPECT_DOUBLE_EQ(variant.surface_dice.value(), 0.9) << "of the liver alone";
}

TEST(FillReport, CountsTheCasesThatHaveLabels) {
  Evaluated evaluated(6);
  for (VariantScores& variant : evaluated.scores) {
    variant.cases[0].labelled = false;
    for (ScoredStructure& structure : variant.cases[0].structures) structure.to_reference.reset();
  }
  const Report report = evaluated.Filled();
  EXPECT_EQ(report.data.cases, 6);
  EXPECT_EQ(report.data.labelled_cases, 5);
  EXPECT_EQ(report.variants[1].structures[0].cases_to_reference, 5);
  EXPECT_EQ(report.variants[1].structures[0].cases_to_original, 6);
}

TEST(FillReport, TakesTimesThatCanBeCompared) {
  Evaluated evaluated(6);
  EXPECT_FALSE(evaluated.Filled().variants[0].latency) << "no bench was run";
  evaluated.cards[0].latency = {Time(kCpu, 4, 8), Time(kCuda, 1, 0.1), Time(kCpu, 2, 9)};
  evaluated.cards[1].latency = {Time(kCuda, 1, 0.05), Time(kCpu, 2, 3)};
  const Report on_cpu = evaluated.Filled();
  EXPECT_EQ(on_cpu.variants[0].latency.value().seconds, 9) << "both cards have two threads";
  EXPECT_EQ(on_cpu.variants[0].latency.value().device, "cpu Sample, torch fp32, 2 threads, patch 16 x 16 x 16");
  EXPECT_EQ(on_cpu.variants[1].latency.value().seconds, 3);
  EXPECT_EQ(on_cpu.variants[1].peak_bytes, 1000);
  EXPECT_EQ(evaluated.Filled(kCuda).variants[1].latency.value().seconds, 0.05);
  evaluated.cards[1].latency = {Time("cuda Other", 1, 0.05)};
  EXPECT_EQ(evaluated.Filled().variants[1].latency.value().device, "cuda Other, torch fp32, patch 16 x 16 x 16") << "better than none, and it is said";
}

TEST(FillReport, TellsBenchesOfDifferentNumbersOfThreadsApart) {
  Evaluated evaluated(6);
  evaluated.cards[0].latency = {Time(kCpu, 1, 8)};
  evaluated.cards[1].latency = {Time(kCpu, 8, 1)};
  const Report report = evaluated.Filled();
  EXPECT_EQ(report.variants[0].latency.value().device, "cpu Sample, torch fp32, 1 thread, patch 16 x 16 x 16");
  EXPECT_EQ(report.variants[1].latency.value().device, "cpu Sample, torch fp32, 8 threads, patch 16 x 16 x 16");
}

}  // namespace
}  // namespace tuckerseg
