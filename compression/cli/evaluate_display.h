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

/// A row for each variant: shares of the original's cost, Dice, agreement, tests, time. Of the original alone: a row for each structure.
std::string ResultTable(std::span<const VariantScores> scores, std::span<const VariantSummary> summaries);

/// The same as one object (docs/card.md).
std::string ResultJson(const Model& model, const CaseFolder& folder, std::span<const VariantScores> scores, std::span<const VariantSummary> summaries);

}  // namespace tuckerseg
