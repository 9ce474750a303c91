/// What `tuckerseg-compress evaluate` shows: progress on standard error, its result as tables or JSON.
#pragma once

#include <span>
#include <string>

#include "compression/evaluate/variant_run.h"
#include "compression/evaluate/variant_summary.h"

namespace tuckerseg {

/// A line for each label map, without the case's name: what a terminal shows ends up in logs. On a terminal a bar stands below.
class EvaluateDisplay {
 public:
  explicit EvaluateDisplay(bool quiet);
  ~EvaluateDisplay();
  EvaluateDisplay(const EvaluateDisplay&) = delete;
  EvaluateDisplay& operator=(const EvaluateDisplay&) = delete;

  void Show(const DrawnCase& drawn);

 private:
  bool quiet_, terminal_;
};

/// A row for each variant: shares of the original's cost, Dice, agreement, time, and of the structures that could be tested how many show no
/// evidence of a difference and how many are equivalent: the first without the second says little. Of the original alone: a row for each
/// structure. Beside a variant's name stands how many of the cases it has seen.
std::string ResultTable(std::span<const VariantScores> scores, std::span<const VariantSummary> summaries);

/// A table for each variant but the original: every structure with its tests, and their counts; where no case has labels, every structure
/// against the original's label map.
std::string StructureTables(std::span<const VariantScores> scores, std::span<const VariantSummary> summaries);

/// What ResultTable says as one object (docs/card.md).
std::string ResultJson(const Model& model, const CaseFolder& folder, std::span<const VariantScores> scores, std::span<const VariantSummary> summaries);

}  // namespace tuckerseg
