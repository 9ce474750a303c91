/// Bootstrap over cases: how far a mean would move with other cases of the same kind.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tuckerseg {

/// Fewer cases than this bear no interval and no test: five pairs cannot reach p < 0.05 in a signed-rank test, whatever they hold.
inline constexpr int kFewestCases = 6;

struct Interval {
  double low = 0;
  double high = 0;
  bool operator==(const Interval&) const = default;
};

/// What was measured of one structure, one entry for each case; nothing where the case has no value.
using CaseValues = std::vector<std::optional<double>>;

/// Draws of cases with replacement. The case is the unit: all structures of a case are drawn together, so that structures share the
/// draws. Immutable and thread-safe.
class CaseResamples {
 public:
  /// The same draws for the same arguments on every machine (std::mt19937_64).
  explicit CaseResamples(size_t cases, uint64_t seed = 1, size_t count = 10000);

  /// 95 % percentile interval (linear between order statistics) of the mean over the cases that have a value. Nothing if fewer than
  /// kFewestCases have one. Draws that hit none of them are left out. `values` must have one entry a case.
  std::optional<Interval> MeanInterval(const CaseValues& values) const;

  /// The same of the mean over structures of the mean over cases; structures that no case has are left out, and so are those that a draw
  /// does not hit, in that draw. Nothing if fewer than kFewestCases cases have a value.
  std::optional<Interval> MeanOfMeansInterval(std::span<const CaseValues> structures) const;

 private:
  std::span<const uint32_t> Draw(size_t n) const { return std::span(draws_).subspan(n * cases_, cases_); }

  size_t cases_;
  size_t count_;
  std::vector<uint32_t> draws_;  ///< [count][cases]
};

}  // namespace tuckerseg
