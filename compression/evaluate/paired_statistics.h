/// Whether two variants differ, and whether they are as good as equal, over the same cases.
///
/// The two are not the same question: where a test finds no difference there may be too few cases to find one, so that equivalence is
/// tested by itself (TOST). The case is the unit. Fewer than kFewestCases cases give no p-value at all.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "compression/evaluate/case_resamples.h"

namespace tuckerseg {

/// Two-sided p of Wilcoxon's signed-rank test on the differences of pairs. Differences of 0 are dropped (Wilcoxon 1945; scipy's
/// `zero_method='wilcox'`); 1 if nothing is left. Equal sizes share the mean of their ranks. Of up to 50 that are left the distribution is
/// exact, with ties too: the normal approximation of so few gives p-values that no throw of signs can reach. Above, it is that
/// approximation, with the variance corrected for ties and no correction for continuity.
/// Nothing for fewer than kFewestCases differences, zeros included.
std::optional<double> WilcoxonSignedRank(std::span<const double> differences);

/// p of the two one-sided paired t-tests against -margin and +margin (Schuirmann 1987), the larger one: small where the mean difference lies
/// within the margin for certain. Differences that are all equal have no spread to test with: 0 inside the margin, else 1.
/// Nothing for fewer than kFewestCases differences.
std::optional<double> EquivalenceTest(std::span<const double> differences, double margin);

/// Holm's step-down adjustment (1979) in the order given. Tests without a p-value stay without, and do not count.
std::vector<std::optional<double>> HolmAdjusted(std::span<const std::optional<double>> p_values);

}  // namespace tuckerseg
