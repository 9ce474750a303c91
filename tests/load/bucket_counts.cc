#include "tests/load/bucket_counts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/error.h"

namespace tuckerseg::load {
namespace {

/// From 1 on, of so many values.
double RankOf(double share, double count) { return std::max(1.0, std::ceil(share * count)); }

}  // namespace

double BucketCounts::total() const { return std::accumulate(counts.begin(), counts.end(), 0.0); }

BucketCounts Since(const BucketCounts& before, const BucketCounts& after) {
  if (before.ends.empty()) return after;
  if (before.ends != after.ends) throw Error(ErrorCode::kInvalidArgument, "histogram: has other buckets than before: must be one server's");
  BucketCounts since = after;
  for (size_t i = 0; i < since.counts.size(); ++i) {
    since.counts[i] -= before.counts[i];
    if (since.counts[i] < 0) throw Error(ErrorCode::kInvalidArgument, "histogram: a count has fallen: the server must not start anew under load");
  }
  return since;
}

size_t BucketOf(std::span<const double> ends, double value) {
  return static_cast<size_t>(std::lower_bound(ends.begin(), ends.end(), value) - ends.begin());
}

size_t BucketOfPercentile(const BucketCounts& buckets, double share) {
  double left = RankOf(share, buckets.total());
  for (size_t i = 0; i + 1 < buckets.counts.size(); ++i) {
    left -= buckets.counts[i];
    if (left <= 0) return i;
  }
  return buckets.counts.size() - 1;
}

double Percentile(std::vector<double> values, double share) {
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(RankOf(share, static_cast<double>(values.size()))) - 1;
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace tuckerseg::load
