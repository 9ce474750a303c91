#include "server/security/rate_limiter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "engine/error.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// Seconds until it may be tried again; nothing where it was allowed.
template <typename Take>
std::optional<double> WaitOf(const Take& take) {
  try {
    take();
    return std::nullopt;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
    return error.retry_after_s().value_or(-1);
  }
}

class RateLimiterTest : public testing::Test {
 protected:
  RateLimiter Limiter(const LimitSettings& limits, size_t most_identities = 100) {
    return RateLimiter(limits, [this] { return now_; }, most_identities);
  }

  double now_ = 1000;
};

TEST_F(RateLimiterTest, TakesAMinutesRequestsAtOnceAndThenOneForEachShareOfAMinute) {
  RateLimiter limiter = Limiter({.requests_per_minute = 3});
  const auto take = [&] { return WaitOf([&] { limiter.TakeRequest("pacs"); }); };
  struct Step {
    double after_s;
    std::optional<double> wait_s;
  };
  const Step steps[] = {{0, {}}, {0, {}}, {0, {}}, {0, 20},  // three, and then one in 20 s
                        {5, 15}, {15, {}}, {0, 20},          // which is there when it was foretold
                        {40, {}}, {0, {}}, {0, 20},          // two shares
                        {600, {}}, {0, {}}, {0, {}}, {0, 20}};  // never more than a minute's
  for (const Step& step : steps) {
    now_ += step.after_s;
    const std::optional<double> wait = take();
    ASSERT_EQ(wait.has_value(), step.wait_s.has_value()) << now_;
    if (wait) {
      EXPECT_NEAR(*wait, *step.wait_s, 1e-9);
    }
  }
}

TEST_F(RateLimiterTest, TakesBytesWholeOrNotAtAllAndSaysWhenAWholeMinutesAreThere) {
  RateLimiter limiter = Limiter({.bytes_per_minute = 600});
  const auto take = [&](int64_t bytes) { return WaitOf([&] { limiter.TakeBytes("pacs", bytes); }); };
  EXPECT_EQ(take(500), std::nullopt);
  EXPECT_EQ(take(101), 50);
  EXPECT_EQ(take(100), std::nullopt) << "the refused ones were not counted";
  EXPECT_EQ(take(1), 60);
  now_ += 30;
  EXPECT_EQ(take(300), std::nullopt);
  EXPECT_EQ(take(600), 60);
  now_ += 60;
  EXPECT_EQ(take(600), std::nullopt);
}

TEST_F(RateLimiterTest, TellsNobodyToWaitWithWhatIsMoreThanAMinutes) {
  RateLimiter limiter = Limiter({.bytes_per_minute = 600});
  const auto take = [&] { limiter.TakeBytes("pacs", 601); };
  EXPECT_EQ(WaitOf(take), -1) << "no time, though the bucket is full";
  ExpectError(ErrorCode::kResourceExhausted, "bytes = 601: must be at most 600, what a client may send in a minute", take);
  EXPECT_EQ(WaitOf([&] { limiter.TakeBytes("pacs", 600); }), std::nullopt) << "nothing of it was counted";
}

TEST_F(RateLimiterTest, SaysBeforehandWhatCanNeverPass) {
  RateLimiter limiter = Limiter({.bytes_per_minute = 600});
  limiter.TakeBytes("pacs", 600);
  EXPECT_NO_THROW(limiter.CheckCanPass("header.total_bytes", 600)) << "though not now";
  const auto check = [&] { limiter.CheckCanPass("header.total_bytes", 601); };
  EXPECT_EQ(WaitOf(check), -1);
  ExpectError(ErrorCode::kResourceExhausted, "header.total_bytes = 601: must be at most 600", check);
  EXPECT_NO_THROW(Limiter({}).CheckCanPass("header.total_bytes", UINT64_MAX)) << "no limit";
}

TEST_F(RateLimiterTest, TellsInNumbersWhatItWasAskedForAndWhatAMinuteAllows) {
  RateLimiter limiter = Limiter({.bytes_per_minute = 600});
  limiter.TakeBytes("pacs", 500);
  EXPECT_EQ(LimitRefusing([&] { limiter.TakeBytes("pacs", 101); }), (ByteLimit{.needed_bytes = 101, .limit_bytes = 600})) << "enough, once the minute is over";
  EXPECT_EQ(LimitRefusing([&] { limiter.TakeBytes("pacs", 601); }), (ByteLimit{.needed_bytes = 601, .limit_bytes = 600}));
  EXPECT_EQ(LimitRefusing([&] { limiter.CheckCanPass("header.total_bytes", UINT64_MAX); }), (ByteLimit{.needed_bytes = INT64_MAX, .limit_bytes = 600}));
}

TEST_F(RateLimiterTest, CountsEachClientAndEachKindByItself) {
  RateLimiter limiter = Limiter({.requests_per_minute = 1, .bytes_per_minute = 10});
  EXPECT_EQ(WaitOf([&] { limiter.TakeRequest("a"); }), std::nullopt);
  EXPECT_EQ(WaitOf([&] { limiter.TakeRequest("a"); }), 60);
  EXPECT_EQ(WaitOf([&] { limiter.TakeRequest("b"); }), std::nullopt);
  EXPECT_EQ(WaitOf([&] { limiter.TakeBytes("a", 10); }), std::nullopt);
  EXPECT_EQ(WaitOf([&] { limiter.TakeBytes("b", 10); }), std::nullopt);
}

TEST_F(RateLimiterTest, LimitsNothingUnlessToldTo) {
  RateLimiter limiter = Limiter({});
  for (int i = 0; i < 1000; ++i) {
    EXPECT_NO_THROW(limiter.TakeRequest("a"));
    EXPECT_NO_THROW(limiter.TakeBytes("a", int64_t{1} << 40));
  }
}

TEST_F(RateLimiterTest, KeepsAtMostSoManyClientsAndForgetsThoseSilentLongest) {
  RateLimiter limiter = Limiter({.requests_per_minute = 1}, /*most_identities=*/2);
  limiter.TakeRequest("a");
  limiter.TakeRequest("b");
  EXPECT_EQ(WaitOf([&] { limiter.TakeRequest("a"); }), 60) << "heard of after b";
  limiter.TakeRequest("c");
  EXPECT_EQ(WaitOf([&] { limiter.TakeRequest("a"); }), 60) << "kept";
  EXPECT_EQ(WaitOf([&] { limiter.TakeRequest("b"); }), std::nullopt) << "forgotten";
}

TEST_F(RateLimiterTest, SaysWhatTheLimitIs) {
  RateLimiter limiter = Limiter({.requests_per_minute = 1, .bytes_per_minute = 10});
  limiter.TakeRequest("a");
  limiter.TakeBytes("a", 1);
  ExpectError(ErrorCode::kResourceExhausted, "requests: this client has sent its 1 for a minute", [&] { limiter.TakeRequest("a"); });
  ExpectError(ErrorCode::kResourceExhausted, "bytes: this client has sent its 10 for a minute", [&] { limiter.TakeBytes("a", 10); });
}

}  // namespace
}  // namespace tuckerseg
