#include "compression/evaluate/paired_statistics.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>
#include <utility>

namespace tuckerseg {
namespace {

constexpr size_t kMostExact = 50;

bool TooFew(std::span<const double> differences) { return differences.size() < static_cast<size_t>(kFewestCases); }

/// Ranks are doubled throughout: the mean rank that equal sizes share is a whole or a half number.
struct SignedRanks {
  std::vector<size_t> doubled;  ///< ascending by size without sign
  size_t positive = 0;          ///< sum over differences above 0
  double ties = 0;              ///< sum of t^3 - t over groups of t equal ranks
};

SignedRanks RankBySize(std::vector<double> differences) {
  std::sort(differences.begin(), differences.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  SignedRanks ranks;
  for (size_t begin = 0; begin < differences.size();) {
    size_t end = begin + 1;
    while (end < differences.size() && std::abs(differences[end]) == std::abs(differences[begin])) ++end;
    const size_t rank = begin + end + 1;  // twice the mean of begin + 1, ..., end
    for (size_t i = begin; i < end; ++i) ranks.positive += differences[i] > 0 ? rank : 0;
    ranks.doubled.insert(ranks.doubled.end(), end - begin, rank);
    const auto group = static_cast<double>(end - begin);
    ranks.ties += group * group * group - group;
    begin = end;
  }
  return ranks;
}

/// P(rank sum <= `sum`) where the ranks' signs are thrown like coins: subsets of the ranks by their sum.
double ExactAtMost(const std::vector<size_t>& ranks, size_t sum) {
  std::vector<double> subsets(sum + 1, 0.0);
  subsets[0] = 1;
  for (const size_t rank : ranks) {
    for (size_t total = sum + 1; total-- > rank;) subsets[total] += subsets[total - rank];
  }
  return std::ldexp(std::accumulate(subsets.begin(), subsets.end(), 0.0), -static_cast<int>(ranks.size()));
}

double ExactP(const SignedRanks& ranks) {
  const size_t all = std::accumulate(ranks.doubled.begin(), ranks.doubled.end(), size_t{0});
  const size_t smaller = std::min(ranks.positive, all - ranks.positive);  // the distribution is symmetric
  return std::min(1.0, 2 * ExactAtMost(ranks.doubled, smaller));
}

double NormalP(const SignedRanks& ranks) {
  const auto n = static_cast<double>(ranks.doubled.size());
  const double mean = n * (n + 1) / 4;
  const double variance = (n * (n + 1) * (2 * n + 1) - ranks.ties / 2) / 24;
  const double z = std::abs(static_cast<double>(ranks.positive) / 2 - mean) / std::sqrt(variance);
  return 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z));
}

}  // namespace

std::optional<double> WilcoxonSignedRank(std::span<const double> differences) {
  if (TooFew(differences)) return std::nullopt;
  std::vector<double> left;
  std::copy_if(differences.begin(), differences.end(), std::back_inserter(left), [](double difference) { return difference != 0; });
  if (left.empty()) return 1.0;
  const SignedRanks ranks = RankBySize(std::move(left));
  return ranks.doubled.size() <= kMostExact ? ExactP(ranks) : NormalP(ranks);
}

std::optional<double> EquivalenceTest(std::span<const double> differences, double margin) {
  if (TooFew(differences)) return std::nullopt;
  const auto n = static_cast<double>(differences.size());
  const double mean = std::accumulate(differences.begin(), differences.end(), 0.0) / n;
  double squares = 0;
  for (const double difference : differences) squares += (difference - mean) * (difference - mean);
  const double error = std::sqrt(squares / (n - 1) / n);
  // Rounding in the mean of equal differences must not pass for a spread.
  if (error <= 1e-15 * std::max(1.0, std::abs(mean))) return std::abs(mean) < margin ? 0.0 : 1.0;
  const double nearest = (margin - std::abs(mean)) / error;  // the larger p is that of the nearer margin
  return boost::math::cdf(boost::math::complement(boost::math::students_t(n - 1), nearest));
}

std::vector<std::optional<double>> HolmAdjusted(std::span<const std::optional<double>> p_values) {
  std::vector<size_t> ascending;
  for (size_t i = 0; i < p_values.size(); ++i)
    if (p_values[i]) ascending.push_back(i);
  std::stable_sort(ascending.begin(), ascending.end(), [&](size_t a, size_t b) { return *p_values[a] < *p_values[b]; });
  std::vector<std::optional<double>> adjusted(p_values.size());
  double highest = 0;
  for (size_t rank = 0; rank < ascending.size(); ++rank) {
    const double scaled = static_cast<double>(ascending.size() - rank) * *p_values[ascending[rank]];
    highest = std::max(highest, std::min(1.0, scaled));
    adjusted[ascending[rank]] = highest;
  }
  return adjusted;
}

}  // namespace tuckerseg
