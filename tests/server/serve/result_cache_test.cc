#include "server/serve/result_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kMegabyte = 1'000'000;
constexpr milliseconds kAtOnce{0};

/// A result whose label map has a megabyte of `byte`.
SegmentResult Result(char byte = 'a', size_t bytes = kMegabyte) {
  auto answer = std::make_shared<EncodedAnswer>();
  answer->file.assign(bytes, static_cast<std::byte>(byte));
  SegmentResult result;
  result.answer = std::move(answer);
  return result;
}

char ByteOf(const ResultCache::Claim& claim) { return claim.result() ? static_cast<char>(claim.result()->answer->file.front()) : '-'; }

/// Keeps three and a half results of a megabyte, for ten seconds of a clock that the test sets.
class ResultCacheTest : public testing::Test {
 protected:
  ResultCache::Claim Ask(const std::string& key, const std::string& content = "ct") { return cache_.Ask({"ward-3", key}, content, kAtOnce); }
  void Keep(const std::string& key, char byte = 'a', size_t bytes = kMegabyte) {
    ResultCache::Claim claim = Ask(key);
    ASSERT_TRUE(claim.mine());
    claim.Keep(Result(byte, bytes));
  }
  bool Has(const std::string& key) { return Ask(key).result() != nullptr; }
  void Pass(double seconds) { now_ms_ += static_cast<int64_t>(1000 * seconds); }

  std::atomic<int64_t> now_ms_ = 0;  // read by the cache's own thread too
  ResultCache cache_{ResultLimits{.max_bytes = 7 * kMegabyte / 2, .keep_s = 10},
                     [this] { return ResultCache::Clock::time_point(milliseconds(now_ms_.load())); }};
};

TEST_F(ResultCacheTest, GivesTheResultToWhoAsksAgain) {
  ResultCache::Claim first = Ask("k");
  EXPECT_TRUE(first.mine());
  EXPECT_FALSE(first.result());
  first.Keep(Result('x'));
  const ResultCache::Claim second = Ask("k");
  EXPECT_FALSE(second.mine());
  EXPECT_EQ(ByteOf(second), 'x');
}

TEST_F(ResultCacheTest, KnowsWhatRunsAndWhatIsKept) {
  const RequestName name{"ward-3", "k"};
  EXPECT_FALSE(cache_.Knows(name));
  {
    const ResultCache::Claim running = Ask("k");
    EXPECT_TRUE(cache_.Knows(name));
  }
  EXPECT_FALSE(cache_.Knows(name)) << "it has failed";
  Keep("k");
  EXPECT_TRUE(cache_.Knows(name));
  EXPECT_FALSE(cache_.Knows({"ward-4", "k"}));
}

TEST_F(ResultCacheTest, GivesAnotherClientNothing) {
  Keep("k");
  EXPECT_TRUE(cache_.Ask({"ward-4", "k"}, "ct", kAtOnce).mine());
  EXPECT_TRUE(cache_.Ask({"", "ward-3k"}, "ct", kAtOnce).mine()) << "client and key are not joined to one text";
}

TEST_F(ResultCacheTest, RefusesAKeyThatIsAnotherRequestsWhetherThatRunsOrIsKept) {
  const std::string message = "header.idempotency_key: is that of a request with another volume or other options";
  {
    const ResultCache::Claim running = Ask("k");
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { Ask("k", "another ct"); });
  }
  EXPECT_TRUE(Ask("k", "another ct").mine()) << "what has failed binds nobody";
  Keep("k");
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { Ask("k", "another ct"); });
  Pass(10);
  EXPECT_TRUE(Ask("k", "another ct").mine());
}

TEST_F(ResultCacheTest, LetsASecondCallWaitForTheFirst) {
  std::optional<ResultCache::Claim> first(Ask("k"));
  const ResultCache::Claim impatient = Ask("k");
  EXPECT_FALSE(impatient.mine() || impatient.result()) << "the first one still runs";
  char got = 0;
  std::jthread second([&] { got = ByteOf(cache_.Ask({"ward-3", "k"}, "ct", kLimit)); });
  first->Keep(Result('x'));
  second.join();
  EXPECT_EQ(got, 'x');
}

TEST_F(ResultCacheTest, LetsOneOfThoseThatWaitDoTheWorkWhereTheFirstFails) {
  std::optional<ResultCache::Claim> first(Ask("k"));
  std::atomic<int> worked = 0;
  std::atomic<int> got = 0;
  std::vector<std::jthread> calls;
  for (int i = 0; i < 4; ++i) {
    calls.emplace_back([&] {
      ResultCache::Claim claim = cache_.Ask({"ward-3", "k"}, "ct", kLimit);
      if (claim.mine()) {
        ++worked;
        claim.Keep(Result('y'));
      } else {
        got += ByteOf(claim) == 'y' ? 1 : 0;
      }
    });
  }
  first.reset();
  calls.clear();
  EXPECT_EQ(worked, 1);
  EXPECT_EQ(got, 3);
}

TEST_F(ResultCacheTest, LetsTheOldestGoWhereTheyBecomeTooManyBytes) {
  for (const char* key : {"a", "b", "c"}) Keep(key);
  EXPECT_TRUE(Has("a")) << "which makes it no younger";
  EXPECT_GE(cache_.bytes(), 3 * kMegabyte);
  Keep("d");
  EXPECT_LE(cache_.bytes(), 7 * kMegabyte / 2);
  EXPECT_TRUE(Has("d") && Has("c") && Has("b"));
  EXPECT_FALSE(Has("a"));
}

TEST_F(ResultCacheTest, LetsEachGoAfterItsTime) {
  Keep("a");
  Pass(5);
  Keep("b");
  Pass(4.9);
  EXPECT_TRUE(Has("a"));
  Pass(0.1);
  EXPECT_FALSE(Has("a"));
  EXPECT_TRUE(Has("b"));
  Pass(5);
  EXPECT_FALSE(Has("b"));
  EXPECT_EQ(cache_.bytes(), 0);
}

TEST_F(ResultCacheTest, GivesAResultThatIsTooLargeToBeKeptToThoseThatWaitForIt) {
  Keep("small");
  // A second one that comes too late to wait does the work itself, which is right, too: then both come once more.
  const auto second_waits_and_gets_it = [this] {
    ResultCache::Claim first = Ask("large");
    EXPECT_TRUE(first.mine()) << "it was not kept the time before";
    char got = 0;
    std::jthread second([&] { got = ByteOf(cache_.Ask({"ward-3", "large"}, "ct", kLimit)); });
    std::this_thread::sleep_for(milliseconds(20));
    first.Keep(Result('x', 4 * kMegabyte));
    second.join();
    return got == 'x';
  };
  EXPECT_TRUE(WaitUntil(second_waits_and_gets_it));
  EXPECT_TRUE(Ask("large").mine()) << "not kept";
  EXPECT_TRUE(Has("small")) << "nobody goes for what cannot be kept";
}

TEST_F(ResultCacheTest, PutsABetterResultInThePlaceOfTheFirst) {
  ResultCache::Claim claim = Ask("k");
  claim.Keep(Result('x'));
  const int64_t bytes = cache_.bytes();
  claim.Keep(Result('y'));
  EXPECT_EQ(ByteOf(Ask("k")), 'y');
  EXPECT_EQ(cache_.bytes(), bytes);
  Pass(10);
  EXPECT_TRUE(Ask("k").mine());
  claim.Keep(Result('z'));
  EXPECT_EQ(cache_.bytes(), 0) << "its time was over";
}

TEST_F(ResultCacheTest, CountsSmallResultsToo) {
  for (int i = 0; i < 10'000; ++i) Keep(std::to_string(i), 'a', 1);
  EXPECT_GT(cache_.bytes(), 7 * kMegabyte / 4);
  EXPECT_LE(cache_.bytes(), 7 * kMegabyte / 2);
}

TEST(ResultCache, FreesWhatIsOverWithoutBeingAsked) {
  ResultCache cache(ResultLimits{.max_bytes = 10 * kMegabyte, .keep_s = 0.05});
  cache.Ask({"", "k"}, "ct", kAtOnce).Keep(Result());
  EXPECT_TRUE(WaitUntil([&] { return cache.bytes() == 0; }));
}

TEST(ResultCache, IsOffWhereNothingMayBeKept) {
  EXPECT_FALSE(ResultCache(ResultLimits{.max_bytes = 0}).enabled());
  EXPECT_TRUE(ResultCache(ResultLimits()).enabled());
}

}  // namespace
}  // namespace tuckerseg
