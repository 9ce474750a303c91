#include "compression/evaluate/case_resamples.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace tuckerseg {
namespace {

/// The mean over the drawn cases that have a value.
std::optional<double> DrawnMean(const CaseValues& values, std::span<const uint32_t> draw) {
  double sum = 0;
  int counted = 0;
  for (const uint32_t one : draw) {
    if (!values[one]) continue;
    sum += *values[one];
    ++counted;
  }
  if (counted == 0) return std::nullopt;
  return sum / counted;
}

/// As numpy.percentile: linear between order statistics.
double Quantile(const std::vector<double>& ascending, double share) {
  const double place = share * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (place - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

Interval PercentileInterval(std::vector<double> means) {
  std::sort(means.begin(), means.end());
  return {Quantile(means, 0.025), Quantile(means, 0.975)};
}

bool HasValue(std::span<const CaseValues> structures, size_t one) {
  return std::any_of(structures.begin(), structures.end(), [&](const CaseValues& values) { return values[one].has_value(); });
}

}  // namespace

CaseResamples::CaseResamples(size_t cases, uint64_t seed, size_t count) : cases_(cases), count_(count), draws_(count * cases) {
  // Not uniform_int_distribution, which every standard library may define differently. The bias of the product is below 1e-5 of a case.
  std::mt19937_64 random(seed);
  for (uint32_t& draw : draws_) draw = static_cast<uint32_t>((random() >> 32) * cases >> 32);
}

std::optional<Interval> CaseResamples::MeanInterval(const CaseValues& values) const { return MeanOfMeansInterval({&values, 1}); }

std::optional<Interval> CaseResamples::MeanOfMeansInterval(std::span<const CaseValues> structures) const {
  int cases = 0;
  for (size_t one = 0; one < cases_; ++one) cases += HasValue(structures, one) ? 1 : 0;
  if (cases < kFewestCases) return std::nullopt;
  std::vector<double> means;
  means.reserve(count_);
  for (size_t n = 0; n < count_; ++n) {
    double sum = 0;
    int counted = 0;
    for (const CaseValues& values : structures) {
      const std::optional<double> mean = DrawnMean(values, Draw(n));
      if (!mean) continue;
      sum += *mean;
      ++counted;
    }
    if (counted > 0) means.push_back(sum / counted);
  }
  if (means.empty()) return std::nullopt;
  return PercentileInterval(std::move(means));
}

}  // namespace tuckerseg
