/// What one variant of a model is, and what it draws, case by case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compression/evaluate/case_resamples.h"
#include "compression/evaluate/case_scores.h"

namespace tuckerseg {

struct VariantScores {
  std::string name;             ///< `original` is the uncompressed form
  std::string method;           ///< how it was made: `hosvd`, `pruning`, ...
  std::optional<double> level;  ///< nothing where the method has none
  bool tuned = false;           ///< fine-tuned or distilled after it was made
  int64_t parameters = 0;
  int64_t multiply_adds_per_patch = 0;
  int64_t weight_bytes = 0;
  double surface_tolerance_mm = kSurfaceToleranceMm;  ///< of all its surface Dice
  int seen_cases = 0;  ///< of `cases`, those that it was calibrated or tuned with: figures of them promise nothing
  std::vector<ScoredCase> cases;
};

/// DiceOf one structure by case, in the order of `scores.cases`.
CaseValues DiceByCase(const VariantScores& scores, const std::string& structure, ComparedTo to);

/// Seconds of a whole segmentation, mean over cases; nothing without cases.
std::optional<double> SecondsPerCase(const VariantScores& scores);

}  // namespace tuckerseg
