#include "compression/evaluate/variant_scores.h"

#include "compression/evaluate/present_mean.h"

namespace tuckerseg {

CaseValues DiceByCase(const VariantScores& scores, const std::string& structure, ComparedTo to) {
  CaseValues values;
  for (const ScoredCase& one : scores.cases) values.push_back(DiceOf(one, structure, to));
  return values;
}

std::optional<double> SecondsPerCase(const VariantScores& scores) {
  PresentMean mean;
  for (const ScoredCase& one : scores.cases) mean.Add(one.seconds);
  return mean.Value();
}

}  // namespace tuckerseg
