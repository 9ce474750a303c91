#include "compression/evaluate_report/report_filling.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "compression/evaluate/present_mean.h"

namespace tuckerseg {
namespace {

static_assert(kFewestCasesTested == kFewestCases, "the page would hide tests that were made, or show what is none");

/// Of "cpu AMD EPYC 7763", and of "cpu" alone where the system does not name its processor.
bool IsCpu(const std::string& device) { return device == "cpu" || device.starts_with("cpu "); }

/// "cpu AMD EPYC 7763, torch fp32, 2 threads, patch 112 x 112 x 128": all that a time depends on beside the network.
std::string BenchText(const CardLatency& latency) {
  std::string text = latency.device + ", " + latency.executor + " " + latency.precision;
  if (IsCpu(latency.device)) text += ", " + std::to_string(latency.threads) + (latency.threads == 1 ? " thread" : " threads");
  const auto& patch = latency.patch;
  return text + ", patch " + std::to_string(patch[0]) + " x " + std::to_string(patch[1]) + " x " + std::to_string(patch[2]);
}

struct Bench {
  std::string text;
  bool this_device = false;
  int cards = 0;
};

/// In the order in which they are shown where a card has several.
std::vector<Bench> BenchesOf(std::span<const Card> cards, const std::string& device) {
  std::vector<Bench> benches;
  for (const Card& card : cards)
    for (const CardLatency& latency : card.latency) {
      const std::string text = BenchText(latency);
      auto found = std::find_if(benches.begin(), benches.end(), [&](const Bench& bench) { return bench.text == text; });
      if (found == benches.end()) found = benches.insert(benches.end(), {text, latency.device == device, 0});
      ++found->cards;
    }
  std::stable_sort(benches.begin(), benches.end(),
                   [](const Bench& a, const Bench& b) { return std::tuple(a.this_device, a.cards) > std::tuple(b.this_device, b.cards); });
  return benches;
}

void PutLatency(const Card& card, const std::vector<Bench>& benches, ReportVariant& variant) {
  for (const Bench& bench : benches)
    for (const CardLatency& latency : card.latency) {
      if (BenchText(latency) != bench.text) continue;
      variant.latency = PatchLatency{latency.median_s, bench.text};
      variant.peak_bytes = latency.peak_bytes;
      return;
    }
}

std::optional<ReportDice> DiceOf(const ScoreSummary& summary) {
  if (!summary.mean_dice) return std::nullopt;
  ReportDice dice{*summary.mean_dice, {}};
  if (summary.dice_ci95) dice.interval = DiceInterval{summary.dice_ci95->low, summary.dice_ci95->high};
  return dice;
}

/// Null where the data do not name the structure.
const StructureSummary* Find(const ScoreSummary& summary, const std::string& name) {
  const auto found = std::find_if(summary.structures.begin(), summary.structures.end(), [&](const StructureSummary& one) { return one.name == name; });
  return found == summary.structures.end() ? nullptr : &*found;
}

/// What distances and volumes are measured against: one map for the whole page.
const ScoreSummary& Judge(const VariantSummary& summary) { return summary.to_reference.cases > 0 ? summary.to_reference : summary.to_original; }

StructureQuality QualityOf(const std::string& name, const VariantSummary& summary) {
  StructureQuality quality{.name = name};
  if (const StructureSummary* one = Find(summary.to_reference, name)) {
    quality.cases_to_reference = one->cases;
    quality.dice_to_reference = one->dice;
  }
  if (const StructureSummary* one = Find(summary.to_original, name)) {
    quality.cases_to_original = one->cases;
    quality.dice_to_original = one->dice;
  }
  if (const StructureSummary* one = Find(Judge(summary), name)) {
    quality.surface_dice = one->surface_dice;
    quality.hd95_mm = one->hd95_mm;
    quality.volume_error = one->volume_error;
    quality.volume_bias = one->volume_bias;
  }
  return quality;
}

std::optional<double> MeanOver(const std::vector<StructureQuality>& structures, std::optional<double> StructureQuality::*figure) {
  PresentMean mean;
  for (const StructureQuality& structure : structures) mean.Add(structure.*figure);
  return mean.Value();
}

StructureComparison ComparisonOf(const NoDifferenceRow& row) {
  StructureComparison comparison{.name = row.name, .cases = row.cases, .difference = row.difference, .tests = {}};
  if (!row.no_evidence_of_a_difference || !row.equivalent) return comparison;
  comparison.tests = StructureTests{.wilcoxon_p = *row.wilcoxon_p,
                                    .wilcoxon_adjusted = *row.wilcoxon_adjusted_p,
                                    .no_evidence = *row.no_evidence_of_a_difference,
                                    .tost_p = *row.tost_p,
                                    .tost_adjusted = *row.tost_adjusted_p,
                                    .equivalent = *row.equivalent};
  return comparison;
}

ReportVariant VariantOf(const Model& model, const VariantScores& scores, const VariantSummary& summary) {
  ReportVariant variant{.name = scores.name, .method = scores.method, .level = scores.level, .tuned = scores.tuned, .seen_cases = scores.seen_cases};
  variant.parameters = scores.parameters;
  variant.multiply_adds = scores.multiply_adds_per_patch;
  variant.weight_bytes = scores.weight_bytes;
  variant.seconds_per_case = SecondsPerCase(scores);
  variant.dice_to_reference = DiceOf(summary.to_reference);
  variant.dice_to_original = DiceOf(summary.to_original);
  for (const Label& label : model.labels) variant.structures.push_back(QualityOf(label.name, summary));
  variant.surface_dice = MeanOver(variant.structures, &StructureQuality::surface_dice);
  variant.hd95_mm = MeanOver(variant.structures, &StructureQuality::hd95_mm);
  if (!summary.differences) return variant;
  for (const NoDifferenceRow& row : summary.differences->rows) variant.statistics.push_back(ComparisonOf(row));
  return variant;
}

}  // namespace

Report FillReport(const Model& model, const CaseFolder& folder, std::span<const VariantScores> scores, std::span<const VariantSummary> summaries,
                  std::span<const Card> cards, const ReportOccasion& occasion) {
  Report report;
  report.title = scores.size() > 1 ? "Compressed variants of " + model.name : "The model " + model.name;
  report.model = model.name;
  report.task = model.task;
  report.date = occasion.date;
  report.machine = occasion.machine;
  report.data = {.description = folder.description,
                 .phantoms = folder.phantoms,
                 .cases = static_cast<int>(scores.front().cases.size()),
                 .labelled_cases = summaries.front().to_reference.cases};
  report.surface_tolerance_mm = scores.front().surface_tolerance_mm;
  const NoDifferenceOptions limits;
  report.significance = limits.alpha;
  report.equivalence_margin = limits.margin;
  const std::vector<Bench> benches = BenchesOf(cards, occasion.device);
  for (size_t i = 0; i < scores.size(); ++i) {
    report.variants.push_back(VariantOf(model, scores[i], summaries[i]));
    PutLatency(cards[i], benches, report.variants.back());
  }
  return report;
}

}  // namespace tuckerseg
