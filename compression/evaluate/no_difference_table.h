/// By structure, whether a variant draws differently from the original against the reference labels: the paper's table, and what it does not
/// say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compression/evaluate/variant_scores.h"

namespace tuckerseg {

struct NoDifferenceOptions {
  double alpha = 0.05;
  double margin = 0.02;  ///< difference of mean Dice up to which a variant counts as equivalent
};

/// One structure over the cases whose reference holds it. Tests and answers are nothing where these are fewer than kFewestCases.
struct NoDifferenceRow {
  std::string name;
  int cases = 0;
  double original_dice = 0;
  double variant_dice = 0;
  double difference = 0;  ///< variant - original
  std::optional<double> wilcoxon_p;
  std::optional<double> wilcoxon_adjusted_p;
  /// The adjusted p is at least alpha. Not that the two are equal: that is `equivalent`.
  std::optional<bool> no_evidence_of_a_difference;
  std::optional<double> tost_p;
  std::optional<double> tost_adjusted_p;
  std::optional<bool> equivalent;  ///< the adjusted p of the equivalence test is below alpha
};

struct NoDifferenceTable {
  NoDifferenceOptions options;
  std::vector<NoDifferenceRow> rows;  ///< structures that occur in a case's reference
  int tested = 0;                     ///< rows of at least kFewestCases cases
  int no_evidence_of_a_difference = 0;
  int equivalent = 0;
};

/// Compares Dice to the reference over the cases of the same name in both. Both tests are adjusted by Holm over all structures, each on its own.
NoDifferenceTable CompareToOriginal(const VariantScores& original, const VariantScores& variant, const std::vector<std::string>& names,
                                    const NoDifferenceOptions& options = {});

}  // namespace tuckerseg
