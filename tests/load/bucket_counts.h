/// The buckets of a histogram, and what they tell of percentiles: in which bucket one lies, no more.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tuckerseg::load {

struct BucketCounts {
  std::vector<double> ends;    ///< ascending; the last is infinite. A value lies in the first bucket whose end is not below it
  std::vector<double> counts;  ///< of each bucket alone

  double total() const;
};

/// What `after` counts and `before`, an earlier page of the same histogram, does not. Errors: kInvalidArgument where buckets differ (one without buckets
/// counts nothing) or a count has fallen: the server has begun anew.
BucketCounts Since(const BucketCounts& before, const BucketCounts& after);

/// The place of a value's bucket.
size_t BucketOf(std::span<const double> ends, double value);

/// The place of the bucket with the value that `share` in (0, 1] of all values do not exceed. `counts` must not be empty.
size_t BucketOfPercentile(const BucketCounts& buckets, double share);

/// That value itself: the smallest that at least `share` of all do not exceed. `values` must not be empty.
double Percentile(std::vector<double> values, double share);

}  // namespace tuckerseg::load
