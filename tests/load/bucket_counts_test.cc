#include "tests/load/bucket_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg::load {
namespace {

using testing::ElementsAre;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

BucketCounts Counts(std::vector<double> counts) { return {{1, 2, 5, kInfinite}, std::move(counts)}; }

TEST(BucketCounts, TellInWhichBucketAPercentileLies) {
  const BucketCounts buckets = Counts({50, 40, 9, 1});
  EXPECT_EQ(BucketOfPercentile(buckets, 0.50), 0U);
  EXPECT_EQ(BucketOfPercentile(buckets, 0.51), 1U);
  EXPECT_EQ(BucketOfPercentile(buckets, 0.95), 2U);
  EXPECT_EQ(BucketOfPercentile(buckets, 0.99), 2U);
  EXPECT_EQ(BucketOfPercentile(buckets, 1), 3U);
}

TEST(BucketCounts, PassOverEmptyBuckets) { EXPECT_EQ(BucketOfPercentile(Counts({0, 0, 3, 0}), 0.01), 2U); }

TEST(BucketCounts, CountAnEndToItsOwnBucket) {
  const std::vector<double> ends{1, 2, 5, kInfinite};
  EXPECT_EQ(BucketOf(ends, 0.5), 0U);
  EXPECT_EQ(BucketOf(ends, 1), 0U);
  EXPECT_EQ(BucketOf(ends, 1.01), 1U);
  EXPECT_EQ(BucketOf(ends, 100), 3U);
}

TEST(BucketCounts, AgreeWithThePercentileOfTheValuesThemselves) {
  std::vector<double> values;
  BucketCounts buckets = Counts({0, 0, 0, 0});
  for (int i = 1; i <= 200; ++i) {
    values.push_back(0.03 * i);
    ++buckets.counts[BucketOf(buckets.ends, values.back())];
  }
  for (const double share : {0.01, 0.5, 0.95, 0.99, 1.0}) EXPECT_EQ(BucketOfPercentile(buckets, share), BucketOf(buckets.ends, Percentile(values, share))) << share;
}

TEST(BucketCounts, SinceAnEarlierPageAreTheDifference) {
  EXPECT_THAT(Since(Counts({1, 2, 3, 0}), Counts({1, 4, 3, 1})).counts, ElementsAre(0, 2, 0, 1));
  EXPECT_THAT(Since({}, Counts({1, 4, 3, 1})).counts, ElementsAre(1, 4, 3, 1)) << "a series appears with its first value";
}

TEST(BucketCounts, OfAServerThatHasBegunAnewAreRefused) {
  ExpectError(ErrorCode::kInvalidArgument, "a count has fallen", [] { Since(Counts({5, 0, 0, 0}), Counts({1, 0, 0, 0})); });
  ExpectError(ErrorCode::kInvalidArgument, "has other buckets", [] { Since(Counts({5, 0, 0, 0}), BucketCounts{{1}, {1}}); });
}

TEST(Percentile, IsTheSmallestThatSoManyDoNotExceed) {
  EXPECT_EQ(Percentile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(Percentile({4, 3, 1, 2}, 0.5), 2);
  EXPECT_EQ(Percentile({4, 3, 1, 2}, 0.99), 4);
  EXPECT_EQ(Percentile({7}, 0.01), 7);
}

}  // namespace
}  // namespace tuckerseg::load
