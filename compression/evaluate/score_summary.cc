#include "compression/evaluate/score_summary.h"

#include <cmath>

#include "compression/evaluate/present_mean.h"
#include "compression/evaluate/volume_error.h"

namespace tuckerseg {
namespace {

bool HasMap(const ScoredCase& scored, ComparedTo to) {
  return to == ComparedTo::kReference ? scored.labelled : scored.equal_to_original.has_value();
}

StructureSummary SummarizeStructure(const VariantScores& scores, const std::string& name, ComparedTo to, const CaseResamples& resamples) {
  StructureSummary summary{.name = name};
  PresentMean dice;
  PresentMean surface_dice;
  PresentMean hd95_mm;
  PresentMean volume_error;
  PresentMean volume_bias;
  for (const ScoredCase& one : scores.cases) {
    const Comparison* comparison = FindComparison(one, name, to);
    if (comparison == nullptr) continue;
    if (comparison->overlap.reference == 0) {
      ++summary.found_absent;
      continue;
    }
    ++summary.cases;
    summary.missed += comparison->overlap.predicted == 0 ? 1 : 0;
    dice.Add(comparison->overlap.Dice());
    surface_dice.Add(comparison->surface.surface_dice);
    hd95_mm.Add(comparison->surface.hd95_mm);
    const std::optional<double> relative = RelativeVolumeError(comparison->overlap);
    volume_bias.Add(relative);
    volume_error.Add(relative ? std::optional(std::abs(*relative)) : std::nullopt);
  }
  summary.dice = dice.Value();
  summary.surface_dice = surface_dice.Value();
  summary.hd95_mm = hd95_mm.Value();
  summary.volume_error = volume_error.Value();
  summary.volume_bias = volume_bias.Value();
  summary.dice_ci95 = resamples.MeanInterval(DiceByCase(scores, name, to));
  return summary;
}

}  // namespace

ScoreSummary Summarize(const VariantScores& scores, const std::vector<std::string>& names, ComparedTo to, const CaseResamples& resamples) {
  ScoreSummary summary;
  PresentMean mean_dice;
  PresentMean equal_share;
  std::vector<CaseValues> dice;
  for (const ScoredCase& one : scores.cases) {
    summary.cases += HasMap(one, to) ? 1 : 0;
    if (to == ComparedTo::kOriginal) equal_share.Add(one.equal_to_original);
  }
  for (const std::string& name : names) {
    summary.structures.push_back(SummarizeStructure(scores, name, to, resamples));
    mean_dice.Add(summary.structures.back().dice);
    dice.push_back(DiceByCase(scores, name, to));
  }
  summary.mean_dice = mean_dice.Value();
  summary.dice_ci95 = resamples.MeanOfMeansInterval(dice);
  summary.equal_share = equal_share.Value();
  return summary;
}

}  // namespace tuckerseg
